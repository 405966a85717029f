using System.Globalization;

namespace BestOfN.Training.Recipes;

/// <summary>What makes no sense in a recipe: collected with the name of each field, so that a recipe is mended in one go.</summary>
internal sealed class RecipeMistakes
{
    private readonly List<string> _all = [];

    public void Add(string mistake) => _all.Add(mistake);

    public void Expect(bool isGood, string field, string expected, object? found)
    {
        if (!isGood)
        {
            Add(string.Create(CultureInfo.InvariantCulture, $"{field}: expected {expected}, found {found ?? "nothing"}"));
        }
    }

    public void AtLeast(int minimum, string field, int value) =>
        Expect(value >= minimum, field, string.Create(CultureInfo.InvariantCulture, $"at least {minimum}"), value);

    /// <summary>Sizes of a network, all of which are at least 1. False where one is not: then it makes no sense to compare them.</summary>
    public bool Sizes(params ReadOnlySpan<(string Field, int Value)> sizes)
    {
        var before = _all.Count;
        foreach (var (field, value) in sizes)
        {
            AtLeast(1, field, value);
        }

        return _all.Count == before;
    }

    public void Folder(string field, string path, string? name = null) =>
        Check(Directory.Exists(path), $"{field}: there is no folder {name ?? path}");

    public void File(string field, string path) => Check(System.IO.File.Exists(path), $"{field}: there is no file {path}");

    /// <summary>The folder that a model is written to. Models that come with the program lie beside it, where no training writes.</summary>
    public void Output(string output)
    {
        if (string.IsNullOrWhiteSpace(output))
        {
            Add("output: expected a folder");
            return;
        }

        Check(
            !Path.GetFullPath(output).StartsWith(AppContext.BaseDirectory, StringComparison.Ordinal),
            $"output: {output} lies within the program's own folder");
        Check(
            !System.IO.File.Exists(output) && !(Directory.Exists(output) && Directory.EnumerateFileSystemEntries(output).Any()),
            $"output: {output}: expected a folder that does not exist or is empty");
    }

    /// <exception cref="RecipeException">There are mistakes; the message tells all of them.</exception>
    public void ThrowIfAny()
    {
        if (_all.Count > 0)
        {
            throw new RecipeException((_all.Count > 1 ? $"{_all.Count} mistakes: " : "") + string.Join("; ", _all) + ".");
        }
    }

    private void Check(bool isGood, string mistake)
    {
        if (!isGood)
        {
            Add(mistake);
        }
    }
}
