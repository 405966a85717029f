using System.Text.Json;
using BestOfN.Core.Prompts;

namespace BestOfN.Data.Benchmarks;

/// <summary>One row of published data or of a file of scores. Fields that nobody asks for are passed over.</summary>
/// <param name="fields">A JSON object.</param>
/// <param name="file">The file it stands in.</param>
/// <param name="number">From 1.</param>
/// <param name="images">Images that stand in the row itself, by field; null: none.</param>
public sealed class BenchmarkRow(
    JsonElement fields, string file, int number, IReadOnlyDictionary<string, ReadOnlyMemory<byte>>? images = null)
{
    /// <summary>The file it stands in.</summary>
    public string File => file;

    /// <summary>The object as it was read; images of Parquet files are not in it.</summary>
    public JsonElement Fields => fields;

    /// <summary>Images that stand in the row itself, by field.</summary>
    public IReadOnlyDictionary<string, ReadOnlyMemory<byte>> Images { get; } = images ?? new Dictionary<string, ReadOnlyMemory<byte>>();

    /// <summary>Whether a field is there and not null.</summary>
    public bool Has(string name) => fields.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null;

    /// <exception cref="InvalidDataException">The field is missing or no text.</exception>
    public string Text(string name) => Field(name) is { ValueKind: JsonValueKind.String } value ? value.GetString()!
        : throw Wrong(name, "a text");

    /// <summary>An id, which may be a number or a text.</summary>
    public string Id(string name) => Field(name) switch
    {
        { ValueKind: JsonValueKind.String } text => text.GetString()!,
        { ValueKind: JsonValueKind.Number } numeral => numeral.GetRawText(),
        _ => throw Wrong(name, "a number or a text"),
    };

    public int WholeNumber(string name) => Field(name) is { ValueKind: JsonValueKind.Number } value && value.TryGetInt32(out var whole)
        ? whole : throw Wrong(name, "a whole number");

    /// <summary>A score, compared as float32; null where it is missing, null or not finite.</summary>
    public float? Score(string name) => fields.TryGetProperty(name, out var value) ? Score(name, value) : null;

    /// <summary>Several scores.</summary>
    /// <param name="name">The field.</param>
    /// <param name="count">How many must be there; null: any number but none.</param>
    public float?[] Scores(string name, int? count = null)
    {
        if (count is { } expected && !Has(name))
        {
            return new float?[expected];   // a row that could not be scored
        }

        var values = Items(name).Select(value => Score(name, value)).ToArray();
        return values.Length == (count ?? Math.Max(1, values.Length)) ? values
            : throw Wrong(name, count is null ? "at least one score" : $"{count} scores");
    }

    /// <summary>Several texts; a single one is a list of one.</summary>
    public string[] Texts(string name) => Field(name).ValueKind == JsonValueKind.String ? [Text(name)]
        : [.. Items(name)
            .Select(value => value.ValueKind == JsonValueKind.String ? value.GetString()! : throw Wrong(name, "a list of texts"))];

    public int[] WholeNumbers(string name) =>
        [.. Items(name).Select(value => value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var whole) ? whole
            : throw Wrong(name, "a list of whole numbers"))];

    /// <summary>An image in the row, or the file that a field names.</summary>
    /// <param name="inside">Field of an image in the row.</param>
    /// <param name="path">Field of a path, from the data file's folder on.</param>
    /// <exception cref="InvalidDataException">Neither is there.</exception>
    public ImagePart Image(string inside, string path)
    {
        if (Images.TryGetValue(inside, out var content))
        {
            return new ImagePart(content);
        }

        var full = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(file))!, Text(path));
        try
        {
            return new ImagePart(Inputs.Files.RegularFile.ReadAllBytes(full, LargestImage)) { Source = full };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Wrong(path, $"an image's file: {e.Message}");
        }
    }

    /// <summary>What to say of a field that is not as expected.</summary>
    public InvalidDataException Wrong(string name, string expected) => new($"{file}, row {number}: {name}: expected {expected}");

    private const int LargestImage = 256 << 20;

    private JsonElement Field(string name) => Has(name) ? fields.GetProperty(name)
        : throw new InvalidDataException($"{file}, row {number}: {name} is missing");

    private IEnumerable<JsonElement> Items(string name) =>
        Field(name) is { ValueKind: JsonValueKind.Array } list ? list.EnumerateArray() : throw Wrong(name, "a list");

    private float? Score(string name, JsonElement value)
    {
        var score = value.ValueKind switch
        {
            JsonValueKind.Number => (float)value.GetDouble(),
            JsonValueKind.Null => float.NaN,
            JsonValueKind.String when value.GetString() is "NaN" or "Infinity" or "-Infinity" => float.NaN,
            _ => throw Wrong(name, "a number or null"),
        };
        return float.IsFinite(score) ? score : null;
    }
}
