using System;
using System.Collections.Generic;
using System.IO;
using System.Text;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;

/// <summary>Build task: see OlderLibstdcxx.targets for what and why. Does nothing when the marker is not in the file.</summary>
public class LoosenStandardLibraryVersion : Task
{
    private const string Marker = "_ZSt21ios_base_library_initv", Harmless = "sched_yield";
    private const string NewVersion = "GLIBCXX_3.4.32", OldVersion = "GLIBCXX_3.4.30";

    [Required]
    public string File { get; set; }

    public override bool Execute()
    {
        var image = System.IO.File.ReadAllBytes(File);
        if (!Rewrite(image)) return true;
        // Written beside and renamed: the file may be a hard link into the NuGet folder, and another process may have it mapped.
        var beside = File + "." + Guid.NewGuid().ToString("N").Substring(0, 8) + ".tmp";
        var time = System.IO.File.GetLastWriteTimeUtc(File);
        System.IO.File.WriteAllBytes(beside, image);
        System.IO.File.SetLastWriteTimeUtc(beside, time);
        System.IO.File.Delete(File);
        System.IO.File.Move(beside, File);
        return true;
    }

    private static bool Rewrite(byte[] image)
    {
        if (image.Length < 64 || image[0] != 0x7F || image[1] != 'E' || image[4] != 2 || image[5] != 1) return false;
        var sections = Sections(image);
        var symbols = sections[11];                        // SHT_DYNSYM
        var strings = (int)BitConverter.ToUInt64(image, SectionHeader(image, (int)symbols.Link) + 24);
        var versions = sections[0x6FFFFFFF];               // .gnu.version: one uint16 a symbol
        var needs = sections[0x6FFFFFFE];                  // .gnu.version_r
        var changed = false;
        for (var i = 0; i < symbols.Size / 24; i++)
        {
            var name = strings + BitConverter.ToInt32(image, symbols.Offset + 24 * i);
            if (Text(image, name) != Marker) continue;
            Put(image, name, Harmless);
            image[versions.Offset + 2 * i] = 1;            // VER_NDX_GLOBAL: any version
            image[versions.Offset + 2 * i + 1] = 0;
            changed = true;
        }
        if (!changed) return false;
        for (int need = needs.Offset, next = 1; next != 0; need += next)
        {
            next = BitConverter.ToInt32(image, need + 12);
            for (int entry = need + BitConverter.ToInt32(image, need + 8), step = 1; step != 0; entry += step)
            {
                step = BitConverter.ToInt32(image, entry + 12);
                var name = strings + BitConverter.ToInt32(image, entry + 8);
                if (Text(image, name) != NewVersion) continue;
                Put(image, name, OldVersion);
                BitConverter.GetBytes(Hash(OldVersion)).CopyTo(image, entry);
            }
        }
        return true;
    }

    private struct Section { public int Offset, Size; public uint Link; }

    private static int SectionHeader(byte[] image, int index) => (int)BitConverter.ToUInt64(image, 40) + 64 * index;

    private static Dictionary<uint, Section> Sections(byte[] image)
    {
        var result = new Dictionary<uint, Section>();
        for (var i = 0; i < BitConverter.ToUInt16(image, 60); i++)
        {
            var header = SectionHeader(image, i);
            result[BitConverter.ToUInt32(image, header + 4)] = new Section
            {
                Offset = (int)BitConverter.ToUInt64(image, header + 24),
                Size = (int)BitConverter.ToUInt64(image, header + 32),
                Link = BitConverter.ToUInt32(image, header + 40),
            };
        }
        return result;
    }

    private static string Text(byte[] image, int offset)
    {
        var end = Array.IndexOf(image, (byte)0, offset);
        return Encoding.ASCII.GetString(image, offset, end - offset);
    }

    private static void Put(byte[] image, int offset, string text)
    {
        Encoding.ASCII.GetBytes(text, 0, text.Length, image, offset);
        image[offset + text.Length] = 0;
    }

    // The System V hash that version entries carry.
    private static uint Hash(string name)
    {
        uint hash = 0;
        foreach (var c in name)
        {
            hash = (hash << 4) + c;
            var high = hash & 0xF0000000;
            hash = (hash ^ (high >> 24)) & ~high;
        }
        return hash;
    }
}
