using System.Text.RegularExpressions;

namespace BestOfN.Architecture.Tests;

/// <summary>A C# file below src or tests, as text.</summary>
/// <param name="Path">From the root of the repository, with slashes.</param>
/// <param name="Lines">Without their ends.</param>
internal sealed partial record SourceFile(string Path, IReadOnlyList<string> Lines)
{
    /// <summary>The project's folder, such as <c>src/BestOfN.Core</c>.</summary>
    public string Project => string.Join('/', Path.Split('/').Take(2));

    /// <summary>The sources of the repository; what a build writes is left out.</summary>
    public static IReadOnlyList<SourceFile> All { get; } =
    [
        .. ((string[])["src", "tests"]).SelectMany(folder => Directory.EnumerateFiles(
                System.IO.Path.Combine(RepositoryFiles.Root, folder), "*.cs", SearchOption.AllDirectories))
            .Select(path => new SourceFile(
                System.IO.Path.GetRelativePath(RepositoryFiles.Root, path).Replace('\\', '/'), File.ReadAllLines(path)))
            .Where(file => !file.Path.Split('/').Any(part => part is "bin" or "obj"))
            .OrderBy(file => file.Path, StringComparer.Ordinal),
    ];

    /// <summary>The sentences of all comments, each with the number of the line where its comment begins. Tags are taken out.</summary>
    public IEnumerable<(int Line, string Sentence)> Sentences()
    {
        var (first, text) = (0, "");
        for (var i = 0; i <= Lines.Count; i++)
        {
            var comment = i < Lines.Count ? Comment().Match(Lines[i]) : Match.Empty;
            var continues = comment.Success && text.Length > 0 && Lines[i].TrimStart().StartsWith("//", StringComparison.Ordinal);
            if (text.Length > 0 && !continues)
            {
                foreach (var sentence in SentencesOf(text))
                {
                    yield return (first, sentence);
                }

                text = "";
            }

            if (comment.Success)
            {
                first = text.Length == 0 ? i + 1 : first;
                text += " " + comment.Groups["text"].Value;
            }
        }
    }

    private static IEnumerable<string> SentencesOf(string comment) =>
        Block().Split(comment)
            .SelectMany(block => SentenceEnd().Split(Tag().Replace(block, "").Trim()))
            .Where(sentence => sentence.Length > 0);

    // A blank behind the slashes tells a comment from an address, an even number of quotes before them tells it from a string.
    [GeneratedRegex("""^[^"]*?("[^"]*"[^"]*?)*?(?<=^|\s)///?\s(?<text>.*)$""")]
    private static partial Regex Comment();

    [GeneratedRegex("</?(?:summary|remarks|returns|param|typeparam|exception|para|item|inheritdoc)[^>]*>")]
    private static partial Regex Block();

    [GeneratedRegex("<[^>]*>")]
    private static partial Regex Tag();

    [GeneratedRegex(@"(?<=[.:;?!])\s+")]
    private static partial Regex SentenceEnd();
}
