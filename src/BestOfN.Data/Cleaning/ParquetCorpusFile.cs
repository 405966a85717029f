using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using BestOfN.Inputs.Files;
using Parquet;

namespace BestOfN.Data.Cleaning;

/// <summary>A Parquet file as the hub stores instruction data: conversations as lists of structs, images as structs {bytes,
/// path}.</summary>
/// <remarks>A row group at a time is in memory.</remarks>
internal sealed class ParquetCorpusFile(string path) : ICorpusFile
{
    public IEnumerable<CorpusPiece> Read()
    {
        using var file = RegularFile.Open(path);
        var reader = Told(() => ParquetReader.CreateAsync(file, leaveStreamOpen: true));
        try
        {
            var number = 0;
            for (var group = 0; group < reader.RowGroupCount; group++)
            {
                var at = group;
                foreach (var row in Told(() => ParquetRowAssembly.ReadAsync(reader, at)))
                {
                    var images = new List<CorpusImage>();
                    var record = new JsonObject(row.Select(column => KeyValuePair.Create(column.Key, Json(column.Value, images))));
                    yield return new(number++, default, default)
                    {
                        Converted = JsonSerializer.SerializeToUtf8Bytes(record),
                        Images = images,
                    };
                }
            }
        }
        finally
        {
            reader.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }
    }

    public IRecordWriter Write(Stream output) => new ParquetRecordWriter(path, output);

    private T Told<T>(Func<Task<T>> read)
    {
        try
        {
            return read().GetAwaiter().GetResult();
        }
        catch (Exception e) when (e is ParquetException or NotSupportedException or InvalidOperationException or InvalidDataException
            or IOException or ArgumentException or IndexOutOfRangeException)
        {
            throw new InvalidDataException($"{path}: the Parquet file cannot be read: {e.Message}", e);
        }
    }

    // An image goes to the list; in the record stays its name.
    private static JsonNode? Json(object? value, List<CorpusImage> images)
    {
        switch (value)
        {
            case Dictionary<string, object?> parts when parts.GetValueOrDefault("bytes") is byte[] content:
                var name = parts.GetValueOrDefault("path") as string;
                images.Add(new CorpusImage(name ?? $"image {images.Count}", content));
                return name;
            case Dictionary<string, object?> parts:
                return new JsonObject(parts.Select(part => KeyValuePair.Create(part.Key, Json(part.Value, images))));
            case List<object?> list:
                return new JsonArray([.. list.Select(item => Json(item, images))]);
            case string text:
                return text;
            case bool truth:
                return truth;
            case double or float:
                return Convert.ToDouble(value, CultureInfo.InvariantCulture) is var number && double.IsFinite(number) ? number : null;
            case sbyte or byte or short or ushort or int or uint or long:
                return Convert.ToInt64(value, CultureInfo.InvariantCulture);
            default:
                return null;
        }
    }
}
