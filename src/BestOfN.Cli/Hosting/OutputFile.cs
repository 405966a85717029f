namespace BestOfN.Cli.Hosting;

/// <summary>Checks before any work whether the output file can be written.</summary>
internal static class OutputFile
{
    /// <param name="option">Option that names the file, for errors.</param>
    /// <param name="file">Value of the option.</param>
    /// <param name="replaces">Whether a file that is there may be replaced: the value of <c>--force</c>, or true where there is no such
    /// option.</param>
    /// <exception cref="IOException">It cannot be made, or is there already. The message names option and file.</exception>
    public static void CheckWritable(string option, FileInfo? file, bool replaces = true)
    {
        if (file is null)
        {
            return;
        }

        if (Directory.Exists(file.FullName))
        {
            throw new IOException($"{option}: {file} is a folder; expected a file to make.");
        }

        if (file.Exists && !replaces)
        {
            throw new IOException($"{option}: {file} is there already; --force replaces it.");
        }

        // The file itself appears at the end; what grows until then lies beside it.
        var partial = file.FullName + ".partial";
        try
        {
            Directory.CreateDirectory(file.DirectoryName!);
            using (new FileStream(partial, FileMode.OpenOrCreate, FileAccess.Write))
            {
            }

            File.Delete(partial);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new IOException(
                $"{option}: {file} cannot be written: {e.Message.Replace(partial, file.FullName, StringComparison.Ordinal)}", e);
        }
    }
}
