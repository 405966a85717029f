using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using BestOfN.Inputs.Files;

namespace BestOfN.Data.Cleaning;

/// <summary>InternVL's meta file: <c>{name: {root, annotation, repeat_time, length, …}}</c>. A name is the source of its records.</summary>
internal sealed class MetaCorpusListing : CorpusListing
{
    private const int StartBytes = 1 << 16;

    private static readonly JsonSerializerOptions s_json = new() { WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly JsonObject _meta;

    private MetaCorpusListing(string name, JsonObject meta) : base(name) => _meta = meta;

    /// <returns>Null where the file is no meta file.</returns>
    public static MetaCorpusListing? Read(string path, int largest)
    {
        if (Path.GetExtension(path) != ".json" || !BeginsAsOne(path) || new FileInfo(path).Length > largest)
        {
            return null;
        }

        try
        {
            return JsonNode.Parse(RegularFile.ReadAllBytes(path, largest)) is JsonObject { Count: > 0 } meta
                && meta.All(source => source.Value is JsonObject entry && entry["annotation"]?.GetValueKind() == JsonValueKind.String)
                ? new(Path.GetFileName(path), meta) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    public override IEnumerable<CorpusPart> Open(string path, CleaningOptions options)
    {
        var folder = Path.GetDirectoryName(path)!;
        foreach (var (source, entry) in _meta)
        {
            var annotation = Path.GetFullPath((string)entry!["annotation"]!, folder);
            var root = entry["root"]?.GetValueKind() == JsonValueKind.String ? Path.GetFullPath((string)entry["root"]!, folder) : folder;
            yield return Corpus.Part(annotation, PartName(source, annotation), source, root, options);
        }
    }

    public override byte[] Write(IReadOnlyDictionary<string, (int Records, int Kept)> counts)
    {
        var meta = (JsonObject)_meta.DeepClone();
        foreach (var (source, entry) in meta)
        {
            var name = PartName(source, (string)entry!["annotation"]!);
            entry["annotation"] = name;
            entry["length"] = counts[name].Kept;
        }

        return [.. JsonSerializer.SerializeToUtf8Bytes(meta, s_json), (byte)'\n'];
    }

    // Looks at the beginning alone: a corpus can be large.
    private static bool BeginsAsOne(string path)
    {
        using var file = RegularFile.Open(path);
        var start = new byte[StartBytes];
        var text = System.Text.Encoding.UTF8.GetString(start, 0, file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false));
        return text.AsSpan().TrimStart("\uFEFF \t\r\n").StartsWith("{") && text.Contains("\"annotation\"", StringComparison.Ordinal);
    }

    // A source's name may hold what a path may not.
    private static string PartName(string source, string annotation) =>
        $"{string.Concat(source.Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' ? c : '_'))}/{Path.GetFileName(annotation)}";
}
