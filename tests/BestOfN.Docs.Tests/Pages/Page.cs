using System.Text.RegularExpressions;

namespace BestOfN.Docs.Tests.Pages;

/// <summary>A Markdown file of the repository.</summary>
/// <param name="Path">Relative to the repository.</param>
/// <param name="Lines">All lines.</param>
internal sealed partial record Page(string Path, string[] Lines)
{
    private const string Fence = "```";

    /// <summary>Every page that a reader of the product may open.</summary>
    public static IReadOnlyList<Page> All { get; } =
    [
        .. Directory.EnumerateFiles(Repository.Root, "*.md")
            .Concat(Directory.EnumerateFiles(System.IO.Path.Combine(Repository.Root, "docs"), "*.md", SearchOption.AllDirectories))
            .Concat(Directory.EnumerateFiles(System.IO.Path.Combine(Repository.Root, "config"), "*.md", SearchOption.AllDirectories))
            .Select(file => System.IO.Path.GetRelativePath(Repository.Root, file)).Order(StringComparer.Ordinal).Select(Open),
    ];

    public static Page Open(string path) => new(path, File.ReadAllLines(Repository.PathOf(path)));

    public string Text => string.Join('\n', Lines);

    /// <summary>The fenced blocks.</summary>
    public IReadOnlyList<Block> Blocks
    {
        get
        {
            List<Block> blocks = [];
            for (var i = 0; i < Lines.Length; i++)
            {
                var opening = Lines[i].TrimStart();
                if (!opening.StartsWith(Fence, StringComparison.Ordinal))
                {
                    continue;
                }

                var end = Array.FindIndex(Lines, i + 1, line => line.Trim() == Fence);
                Assert.True(end > 0, $"{Path}:{i + 1}: the block is not closed.");
                blocks.Add(new Block(this, i + 1, opening[Fence.Length..].Trim(), string.Join('\n', Lines[(i + 1)..end])));
                i = end;
            }

            return blocks;
        }
    }

    /// <summary>What stands outside of fenced blocks, with the number of its line.</summary>
    public IEnumerable<(int Number, string Line)> Prose
    {
        get
        {
            var isInside = false;
            for (var i = 0; i < Lines.Length; i++)
            {
                if (Lines[i].TrimStart().StartsWith(Fence, StringComparison.Ordinal))
                {
                    isInside = !isInside;
                }
                else if (!isInside)
                {
                    yield return (i + 1, Lines[i]);
                }
            }
        }
    }

    /// <summary>Targets of links and pictures.</summary>
    public IEnumerable<(int Number, string Target)> Links =>
        from line in Prose
        from match in Link().Matches(Code().Replace(line.Line, ""))
        select (line.Number, match.Groups[1].Value);

    /// <summary>What stands between backticks in prose.</summary>
    public IEnumerable<(int Number, string Code)> InlineCode =>
        from line in Prose
        from match in Code().Matches(line.Line)
        select (line.Number, match.Groups[1].Value);

    /// <summary>The anchors that a link may name.</summary>
    public IEnumerable<string> Anchors => Prose.Where(line => line.Line.StartsWith('#'))
        .Select(line => NoAnchor().Replace(line.Line.TrimStart('#').Trim().ToLowerInvariant(), "").Replace(' ', '-'));

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Code();

    [GeneratedRegex(@"[^\w\- ]")]
    private static partial Regex NoAnchor();
}
