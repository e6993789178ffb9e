using System.ComponentModel;
using LST.Core.Models.Checkpoints;
using Spectre.Console.Cli;

namespace LST.Cli.Commands;

/// <summary><c>./lst convert llama2c BIN TOKENIZER OUT</c>.</summary>
public sealed class ConvertLlama2cCommand : Command<ConvertLlama2cCommand.Settings>
{
    /// <summary>Arguments.</summary>
    public sealed class Settings : CommandSettings
    {
        /// <summary>Checkpoint.</summary>
        [CommandArgument(0, "<BIN>"), Description("Checkpoint in llama2.c's legacy format.")]
        public string Bin { get; init; } = "";

        /// <summary>Tokenizer.</summary>
        [CommandArgument(1, "<TOKENIZER>"), Description("Its tokenizer .bin.")]
        public string Tokenizer { get; init; } = "";

        /// <summary>Target.</summary>
        [CommandArgument(2, "<OUT>"), Description("Folder to make; one that exists must be empty.")]
        public string Out { get; init; } = "";
    }

    /// <inheritdoc/>
    public override int Execute(CommandContext context, Settings settings, CancellationToken cancellationToken)
    {
        Llama2cConverter.Convert(settings.Bin, settings.Tokenizer, settings.Out);
        Console.WriteLine($"wrote {settings.Out}: config.json, model.safetensors, tokenizer.model; try ./lst generate --model {settings.Out} --prompt \"Once upon a time\"");
        return 0;
    }
}
