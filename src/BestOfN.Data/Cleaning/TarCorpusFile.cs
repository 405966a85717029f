using System.Formats.Tar;
using System.Text.Encodings.Web;
using System.Text.Json;
using BestOfN.Inputs.Files;

namespace BestOfN.Data.Cleaning;

/// <summary>A tar file in the manner of WebDataset: a record is a run of members with one name before its first point, such as
/// <c>0001.jpg</c> and <c>0001.json</c>, or <c>0001.txt</c> with a caption.</summary>
/// <remarks>Kept are the bytes of headers and data as they stand in the file.</remarks>
internal sealed class TarCorpusFile(string path) : ICorpusFile
{
    private const int Block = 512;
    private const int LargestRecord = 1 << 30;

    private static readonly string[] s_images =
        [".jpg", ".jpeg", ".png", ".webp", ".bmp", ".mp4", ".webm", ".mov", ".mkv", ".avi", ".gif"];

    private static readonly string[] s_conversations =
        ["conversations", "conversations_a", "items", "messages", "texts", "chosen"];

    private static readonly JsonSerializerOptions s_json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public IEnumerable<CorpusPiece> Read()
    {
        using var file = RegularFile.Open(path, bufferSize: 0);
        using var bytes = RegularFile.Open(path, bufferSize: 0);
        using var reader = new TarReader(file, leaveOpen: true);
        var (number, key, from, end) = (0, "", 0L, 0L);
        var members = new List<(string Ending, byte[] Content)>();
        while (Next(reader) is { } entry)
        {
            var (folder, name) = (Path.GetDirectoryName(entry.Name), Path.GetFileName(entry.Name));
            var point = name.IndexOf('.', StringComparison.Ordinal);
            var own = $"{folder}/{(point < 0 ? name : name[..point])}";
            if (own != key && members.Count > 0)
            {
                yield return Piece(number++, key, members, Range(bytes, from, end));
                members.Clear();
                from = end;
            }

            key = own;
            end = RoundUp(entry.DataOffset + entry.Length);
            if (entry.EntryType is TarEntryType.RegularFile or TarEntryType.V7RegularFile)
            {
                members.Add((point < 0 ? "" : name[point..].ToLowerInvariant(),
                    Range(bytes, entry.DataOffset, entry.DataOffset + entry.Length)));
            }
        }

        if (members.Count > 0)
        {
            yield return Piece(number, key, members, Range(bytes, from, end));
        }
    }

    public IRecordWriter Write(Stream output) => new TarRecordWriter(output);

    private TarEntry? Next(TarReader reader)
    {
        try
        {
            return reader.GetNextEntry();
        }
        catch (Exception e) when (e is InvalidDataException or EndOfStreamException or IOException)
        {
            throw new InvalidDataException($"{path}: the tar file cannot be read: {e.Message}", e);
        }
    }

    private static CorpusPiece Piece(int number, string key, List<(string Ending, byte[] Content)> members, byte[] raw)
    {
        var json = members.FirstOrDefault(member => member.Ending.EndsWith(".json", StringComparison.Ordinal)).Content;
        var text = members.FirstOrDefault(member => member.Ending == ".txt").Content;
        return new(number, default, raw)
        {
            Converted = json is not null && (text is null || HasConversation(json)) ? json : text is null ? Array.Empty<byte>()
                : Caption(text),
            Images = [.. members.Where(member => s_images.Contains(Path.GetExtension(member.Ending)))
                .Select(member => new CorpusImage(key + member.Ending, member.Content))],
        };
    }

    private static bool HasConversation(byte[] json)
    {
        try
        {
            var record = JsonElement.Parse(json);
            return record.ValueKind == JsonValueKind.Object && s_conversations.Any(name => record.TryGetProperty(name, out _));
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static byte[] Caption(byte[] text) => JsonSerializer.SerializeToUtf8Bytes(
        new
        {
            conversations = new[]
            {
                new { from = "human", value = "<image>" },
                new { from = "gpt", value = System.Text.Encoding.UTF8.GetString(text) },
            },
        },
        s_json);

    private byte[] Range(FileStream file, long from, long to)
    {
        if (to - from > LargestRecord || to > file.Length)
        {
            throw new InvalidDataException(
                to > file.Length ? $"{path}: the tar file is cut off" : $"{path}: a record has more than {LargestRecord >> 20} MiB");
        }

        var content = new byte[to - from];
        file.Position = from;
        file.ReadExactly(content);
        return content;
    }

    private static long RoundUp(long bytes) => (bytes + Block - 1) / Block * Block;
}
