using System.Text.Json;
using BestOfN.Inputs.Files;

namespace BestOfN.Inference.Weights;

/// <summary>A folder's config.json, read field by field with errors that name file and field.</summary>
public sealed class ModelConfiguration
{
    /// <summary>The largest file that is read; published ones have some kilobytes.</summary>
    internal const int MaxBytes = 16 << 20;

    private readonly JsonElement _root;

    private ModelConfiguration(string path, JsonElement root) => (FilePath, _root) = (path, root);

    public string FilePath { get; }

    /// <summary>The one name in <c>architectures</c>.</summary>
    public string Architecture { get; private init; } = "";

    /// <exception cref="CheckpointException">The file is missing, not a JSON object, or names no architecture.</exception>
    public static ModelConfiguration Load(string folder)
    {
        var path = Path.Combine(folder, "config.json");
        if (!File.Exists(path))
        {
            throw new CheckpointException($"{path}: the file does not exist.");
        }

        try
        {
            var bytes = RegularFile.ReadAllBytes(path, MaxBytes);
            CheckpointException.ThrowIfPointer(path, bytes);
            using var document = JsonDocument.Parse(bytes);
            var root = document.RootElement.Clone();
            CheckTexts(root);
            if (root.ValueKind != JsonValueKind.Object)
            {
                throw new CheckpointException($"{path}: expected a JSON object, found {root.ValueKind}.");
            }

            var architecture = root.TryGetProperty("architectures", out var list) && list.ValueKind == JsonValueKind.Array
                && list.GetArrayLength() == 1
                && list[0].ValueKind == JsonValueKind.String
                    ? list[0].GetString()!
                    : throw new CheckpointException($"{path}: architectures: expected a list with one name.");
            return new ModelConfiguration(path, root) { Architecture = architecture };
        }
        catch (JsonException e)
        {
            throw new CheckpointException($"{path}: not valid JSON: {e.Message}", e);
        }
        catch (InvalidOperationException e)
        {
            throw new CheckpointException($"{path}: a text in it is not valid Unicode.", e);
        }
        catch (IOException e)
        {
            throw new CheckpointException($"{path}: cannot be read: {e.Message}", e);
        }
    }

    /// <summary>A positive whole number, at most <paramref name="largest"/>.</summary>
    public int WholeNumber(string field, int? fallback = null, int largest = 100_000_000) => Find(field) switch
    {
        { ValueKind: JsonValueKind.Number } value when value.TryGetInt32(out var number) && number > 0 && number <= largest => number,
        null when fallback is { } number => number,
        var value => throw Unexpected(field, $"a whole number in 1..{largest}", value),
    };

    /// <summary>A token id, or null where the field is absent or null.</summary>
    public int? TokenId(string field) => Find(field) switch
    {
        null => null,
        { ValueKind: JsonValueKind.Number } value when value.TryGetInt32(out var id) && id >= 0 => id,
        { ValueKind: JsonValueKind.Array } value when value.GetArrayLength() == 1 && value[0] is { ValueKind: JsonValueKind.Number } only
            && only.TryGetInt32(out var id) && id >= 0 => id,
        var value => throw Unexpected(field, "a token id", value),
    };

    /// <summary>All token ids of a field that holds one, or a list of them; empty where the field is absent or null.</summary>
    public IReadOnlyList<int> TokenIds(string field) => Find(field) is { ValueKind: JsonValueKind.Array } list
        ? [.. list.EnumerateArray()
            .Select(e => e is { ValueKind: JsonValueKind.Number } && e.TryGetInt32(out var id) && id >= 0
            ? id
            : throw Unexpected(field, "token ids", list))]
        : TokenId(field) is { } one ? [one] : [];

    /// <summary>A finite number.</summary>
    public double Number(string field, double? fallback = null) => Find(field) switch
    {
        { ValueKind: JsonValueKind.Number } value when value.TryGetDouble(out var number) && double.IsFinite(number) => number,
        null when fallback is { } number => number,
        var value => throw Unexpected(field, "a number", value),
    };

    /// <summary>A finite number of 0 or more.</summary>
    public double NotNegative(string field, double? fallback = null) => Number(field, fallback) is >= 0 and var number ? number
        : throw Unexpected(field, "a number of 0 or more", Find(field));

    public bool Flag(string field, bool fallback) => Find(field) switch
    {
        { ValueKind: JsonValueKind.True } => true,
        { ValueKind: JsonValueKind.False } => false,
        null => fallback,
        var value => throw Unexpected(field, "true or false", value),
    };

    /// <summary>A nested object, or null where it is absent or null.</summary>
    public ModelConfiguration? Section(string field) => Find(field) switch
    {
        null => null,
        { ValueKind: JsonValueKind.Object } value => new ModelConfiguration($"{FilePath}: {field}", value),
        var value => throw Unexpected(field, "an object", value),
    };

    /// <summary>False where the field is absent or null.</summary>
    public bool Has(string field) => Find(field) is not null;

    public string? Text(string field) => Find(field) switch
    {
        null => null,
        { ValueKind: JsonValueKind.String } value => value.GetString(),
        var value => throw Unexpected(field, "a string", value),
    };

    /// <summary>All fields of the file, those that are null too.</summary>
    public IEnumerable<(string Name, JsonElement Value)> Fields => _root.EnumerateObject().Select(f => (f.Name, f.Value));

    /// <summary>The field as it is written, or null where it is absent or null.</summary>
    public JsonElement? Value(string field) => Find(field);

    /// <summary>Number of members of an object field, or null where it is absent.</summary>
    public int? Count(string field) => Find(field) is { ValueKind: JsonValueKind.Object } value ? value.EnumerateObject().Count() : null;

    /// <summary>Texts are decoded when they are asked for: here all at once, so that nothing fails later.</summary>
    /// <exception cref="InvalidOperationException">One is not valid Unicode.</exception>
    private static void CheckTexts(JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.String:
                value.GetString();
                break;
            case JsonValueKind.Array:
                foreach (var item in value.EnumerateArray())
                {
                    CheckTexts(item);
                }

                break;
            case JsonValueKind.Object:
                foreach (var member in value.EnumerateObject())
                {
                    _ = member.Name;
                    CheckTexts(member.Value);
                }

                break;
        }
    }

    private JsonElement? Find(string field) =>
        _root.TryGetProperty(field, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private CheckpointException Unexpected(string field, string expected, JsonElement? found) =>
        new($"{FilePath}: {field}: expected {expected}, found {(found is { } value ? Printable.Text(value.GetRawText()) : "nothing")}.");
}
