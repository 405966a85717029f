namespace BestOfN.Inputs.Files;

/// <summary>A folder that grows beside its place, as <c>.part</c>, and appears there when it is whole. Nothing is written over.</summary>
internal static class WholeFolder
{
    /// <summary>Where the folder grows.</summary>
    public static string PartOf(string path) => Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)) + ".part";

    /// <param name="path">A folder that does not exist or is empty.</param>
    /// <param name="write">Writes all files into the folder that it is given. What a run that was killed left there is gone.</param>
    /// <exception cref="IOException">There is something at the place.</exception>
    public static void Write(string path, Action<string> write)
    {
        var (output, part) = (Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)), PartOf(path));
        if (Directory.Exists(part))
        {
            Directory.Delete(part, recursive: true);
        }

        Directory.CreateDirectory(part);
        try
        {
            write(part);
            if (Directory.Exists(output))
            {
                Directory.Delete(output);
            }

            Directory.Move(part, output);
        }
        catch
        {
            Directory.Delete(part, recursive: true);
            throw;
        }
    }
}
