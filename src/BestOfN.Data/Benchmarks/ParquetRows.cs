using System.Collections;
using System.Text.Json;
using System.Text.Json.Nodes;
using Parquet;
using Parquet.Serialization;

namespace BestOfN.Data.Benchmarks;

/// <summary>Rows of a Parquet file as the hub stores them: texts, numbers, lists of them, and images as struct {bytes, path}.</summary>
internal static class ParquetRows
{
    public static async Task<IReadOnlyList<BenchmarkRow>> ReadAsync(string path, CancellationToken cancellationToken)
    {
        var rows = new List<BenchmarkRow>();
        try
        {
            using var file = Inputs.Files.RegularFile.Open(path);
            var result = await ParquetSerializer.DeserializeUntypedAsync(file, cancellationToken: cancellationToken);
            foreach (var record in result.Data)
            {
                var images = new Dictionary<string, ReadOnlyMemory<byte>>();
                var fields = new JsonObject();
                foreach (var (name, value) in record)
                {
                    if (ImageIn(value) is { } image)
                    {
                        images[name] = image;
                    }
                    else
                    {
                        fields[name] = Json(value);
                    }
                }

                rows.Add(new(JsonSerializer.SerializeToElement(fields), path, rows.Count + 1, images));
            }
        }
        catch (Exception e) when (e is ParquetException or NotSupportedException or EndOfStreamException or InvalidOperationException)
        {
            throw new InvalidDataException($"{path}: the Parquet file cannot be read: {e.Message}", e);
        }

        return rows;
    }

    private static byte[]? ImageIn(object? value) => value is IDictionary<string, object> parts && parts.TryGetValue("bytes", out var bytes)
        ? bytes switch { byte[] content => content, ReadOnlyMemory<byte> content => content.ToArray(), _ => null }
        : null;

    // What no benchmark asks for, such as times, is passed over.
    private static JsonNode? Json(object? value) => value switch
    {
        null => null,
        string text => text,
        ReadOnlyMemory<char> text => text.ToString(),   // as the library gives texts of a list
        bool truth => truth,
        double or float => JsonNumber(System.Convert.ToDouble(value, System.Globalization.CultureInfo.InvariantCulture)),
        sbyte or byte or short or ushort or int or uint or long =>
            System.Convert.ToInt64(value, System.Globalization.CultureInfo.InvariantCulture),
        IDictionary<string, object?> parts => new JsonObject(parts.Select(p => KeyValuePair.Create(p.Key, Json(p.Value)))),
        byte[] => null,
        IEnumerable list => new JsonArray([.. list.Cast<object?>().Select(Json)]),
        _ => null,
    };

    private static JsonNode? JsonNumber(double value) => double.IsFinite(value) ? value : null;
}
