namespace BestOfN.Training.Loops;

/// <summary>Publishes a trained model: its folder appears whole or not at all, and nothing is written over.</summary>
internal static class ModelWriter
{
    /// <param name="output">A folder that does not exist or is empty.</param>
    /// <param name="write">Writes all files into a folder beside it, which is moved to its place at the end.</param>
    /// <exception cref="IOException">There is something at the place.</exception>
    public static void Publish(string output, Action<string> write)
    {
        output = Path.TrimEndingDirectorySeparator(Path.GetFullPath(output));
        var part = output + ".part";
        if (Directory.Exists(part))
        {
            Directory.Delete(part, recursive: true);   // left by a training that was killed while it wrote
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
