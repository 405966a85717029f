using BestOfN.Inputs.Files;

namespace BestOfN.Data;

/// <summary>A file that is there whole or not at all, whenever the process ends.</summary>
internal static class AtomicFile
{
    public static void Write(string path, ReadOnlySpan<byte> content)
    {
        using var file = new WholeFile(Path.GetFullPath(path));
        file.Stream.Write(content);
        file.Finish();
    }
}
