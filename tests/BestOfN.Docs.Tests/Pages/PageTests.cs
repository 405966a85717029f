namespace BestOfN.Docs.Tests.Pages;

public sealed class PageTests
{
    private const int LongestLine = 140;
    private const int LongestReadme = 100;

    [Fact]
    public void The_readme_is_short() => Assert.InRange(Page.Open("README.md").Lines.Length, 1, LongestReadme);

    [Fact]
    public void No_line_of_prose_is_longer_than_140_columns() => AssertNone(
        from page in Page.All
        from line in page.Prose

        // A row of a table cannot be broken.
        where line.Line.Length > LongestLine && !line.Line.StartsWith('|') && !line.Line.StartsWith("![", StringComparison.Ordinal)
        select $"{page.Path}:{line.Number}: {line.Line.Length} columns");

    [Fact]
    public void Every_link_to_a_file_leads_somewhere() => AssertNone(
        from page in Page.All
        from link in page.Links
        where !link.Target.Contains("://", StringComparison.Ordinal) && !Leads(page, link.Target)
        select $"{page.Path}:{link.Number}: {link.Target}");

    [Fact]
    public void Every_block_says_its_language() => AssertNone(
        from page in Page.All
        from block in page.Blocks
        where block.Language is not ("sh" or "json" or "jsonc" or "csharp" or "python" or "js" or "yaml" or "text")
        select $"{block.Place}: '{block.Language}'");

    [Fact]
    public void Documents_are_all_in_the_index_of_the_readme()
    {
        var targets = Page.Open("README.md").Links.Select(link => link.Target).ToHashSet();
        AssertNone(Page.All.Select(page => page.Path).Where(path => Path.GetDirectoryName(path) is "docs" && !targets.Contains(path)));
    }

    internal static void AssertNone(IEnumerable<string> problems)
    {
        var found = string.Join('\n', problems);
        Assert.True(found.Length == 0, found);
    }

    private static bool Leads(Page page, string target)
    {
        var (file, anchor) = target.Split('#') is [var path, var place] ? (path, place) : (target, null);
        var own = Repository.PathOf(page.Path);
        var full = file.Length == 0 ? own : Path.GetFullPath(file, Path.GetDirectoryName(own)!);
        return (File.Exists(full) || Directory.Exists(full))
            && (anchor is null || Page.Open(Path.GetRelativePath(Repository.Root, full)).Anchors.Contains(anchor));
    }
}
