using System.Text.RegularExpressions;

namespace BestOfN.Architecture.Tests;

/// <summary>Sources read alike: short lines, plain comments, one type per file, in the folder that its namespace names.</summary>
public sealed partial class SourceTextTests
{
    private const int MostColumns = 140;

    [Fact]
    public void Lines_end_at_140_columns() =>
        Check(file => file.Lines.Index().Where(line => line.Item.Length > MostColumns)
            .Select(line => (line.Index + 1, $"{line.Item.Length} columns")));

    [Fact]
    public void No_sentence_of_a_comment_begins_with_a_word_whose_noun_is_missing() =>
        Check(file =>
            file.Sentences().Where(s => MissingNoun().IsMatch(s.Sentence)).Select(s => (s.Line, s.Sentence)));

    [Fact]
    public void Only_persons_are_called_who_in_comments() =>
        Check(file =>
            file.Sentences().Where(s => Who().IsMatch(PersonWho().Replace(s.Sentence, ""))).Select(s => (s.Line, s.Sentence)));

    [Fact]
    public void Types_are_named_for_what_they_do() =>
        Check(file =>
            Declarations(file).Where(type => VagueName().IsMatch(type.Name)).Select(type => (type.Line, type.Name)));

    [Fact]
    public void A_file_holds_one_type() =>
        Check(file =>
            Declarations(file).Where(type => type.IsOutermost).Skip(1).Select(type => (type.Line, type.Name)));

    [Fact]
    public void A_namespace_is_the_path_of_its_folder() =>
        Check(file =>
        {
            var isInProject = Directory.EnumerateFiles(Path.Combine(RepositoryFiles.Root, file.Project), "*.csproj").Any();
            var folder = string.Join('.', file.Path.Split('/')[1..^1]);
            return file.Lines.Index().Where(line => isInProject && line.Item.StartsWith("namespace ", StringComparison.Ordinal)
                && line.Item != $"namespace {folder};").Select(line => (line.Index + 1, line.Item));
        });

    [Theory]
    [InlineData("// Of the question, what stands before the picture.", true)]
    [InlineData("/// <summary>Sum of exp(x − max). Theirs.</summary>", true)]
    [InlineData("    private int _rows; // likewise", true)]
    [InlineData("/// <param name=\"scores\">What is scored.</param>", true)]
    [InlineData("/// <summary>The sum of the scores. It is positive.</summary>", false)]
    [InlineData("/// <summary>Most of them; of each the first.</summary>", false)]
    public void Sentences_without_their_noun_are_found(string line, bool isFound) =>
        Assert.Equal(isFound, new SourceFile("src/A/B.cs", [line]).Sentences().Any(s => MissingNoun().IsMatch(s.Sentence)));

    [Theory]
    [InlineData("The thread who opened it closes it.", true)]
    [InlineData("A client who asks again gets the same answer.", false)]
    public void Who_is_found_where_it_is_said_of_a_thing(string sentence, bool isFound) =>
        Assert.Equal(isFound, Who().IsMatch(PersonWho().Replace(sentence, "")));

    [Theory]
    [InlineData("internal static class TensorUtils", true)]
    [InlineData("    private readonly record struct MemoryManager(int Size);", true)]
    [InlineData("public sealed class Managers", false)]
    public void Vague_names_of_types_are_found(string line, bool isFound) =>
        Assert.Equal(isFound, Declarations(new("src/A/B.cs", [line])).Any(type => VagueName().IsMatch(type.Name)));

    private static void Check(Func<SourceFile, IEnumerable<(int Line, string What)>> find)
    {
        var found = SourceFile.All.SelectMany(file => find(file).Select(f => $"{file.Path}:{f.Line}: {f.What}")).ToList();
        Assert.True(found.Count == 0, string.Join('\n', found));
    }

    private static IEnumerable<(int Line, string Name, bool IsOutermost)> Declarations(SourceFile file) =>
        file.Lines.Index().Select(line => (line.Index, Match: Declaration().Match(line.Item))).Where(line => line.Match.Success)
            .Select(line => (line.Index + 1, line.Match.Groups["name"].Value, line.Match.Groups["indent"].Length == 0));

    [GeneratedRegex(@"^(Of|[Ll]ikewise|So many|Theirs|Whose|What is|Those that)\b")]
    private static partial Regex MissingNoun();

    [GeneratedRegex(@"\bwho\b", RegexOptions.IgnoreCase)]
    private static partial Regex Who();

    [GeneratedRegex(
        @"\b(clients?|users?|callers?|operators?|readers?|persons?|people|engineers?|developers?|some(body|one)|anybody|nobody|those|one)"
        + @"\W+(\w+\W+){0,2}?who\b",
        RegexOptions.IgnoreCase)]
    private static partial Regex PersonWho();

    [GeneratedRegex("(Helper|Helpers|Util|Utils|Utility|Utilities|Manager|Impl)$")]
    private static partial Regex VagueName();

    [GeneratedRegex(
        @"^(?<indent>\s*)((public|internal|private|protected|file|static|sealed|abstract|partial|readonly|ref|unsafe|new)\s+)+"
        + @"(class|struct|record struct|record class|record|interface|enum)\s+(?<name>\w+)")]
    private static partial Regex Declaration();
}
