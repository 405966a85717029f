namespace BestOfN.Inputs.Files;

/// <summary>The small text file that a clone without Git LFS holds in place of a large one.</summary>
internal static class GitLfsPointer
{
    /// <summary>The size in bytes that no pointer exceeds.</summary>
    public const int LongestPointer = 1024;

    public static bool Is(ReadOnlySpan<byte> file) =>
        file.Length <= LongestPointer && file.StartsWith("version https://git-lfs.github.com/spec/"u8);

    public static string Message(string path) => $"{path}: the file is a Git LFS pointer, not the contents; fetch them with git lfs pull.";
}
