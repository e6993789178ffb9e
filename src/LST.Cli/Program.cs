using LST.Cli;

return CommandLine.Run(args);
