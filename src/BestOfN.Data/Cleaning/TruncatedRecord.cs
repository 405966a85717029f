using System.Text.Json;

namespace BestOfN.Data.Cleaning;

/// <summary>A record without its last turns. The bytes that stay are unchanged.</summary>
internal static class TruncatedRecord
{
    private static readonly string[] s_names = ["conversations", "items", "messages"];

    /// <param name="json">The record.</param>
    /// <param name="answers">How many answers stay.</param>
    /// <param name="options">How the record is read.</param>
    /// <returns>Null where it cannot be cut: the turns that would go show images, or there are no such turns.</returns>
    public static ReadOnlyMemory<byte>? Of(ReadOnlyMemory<byte> json, int answers, CleaningOptions options)
    {
        var record = CorpusRecord.Read(json.Span, options)!;
        var turns = record.Judged.Skip(answers - 1).FirstOrDefault(-1) + 1;
        var shown = record.Turns.Skip(turns).Any(turn => turn.Images.Count > 0
            || (record.Placeholder is { } mark && turn.Text.Contains(mark, StringComparison.Ordinal))
            || turn.Text.Contains("<video>", StringComparison.Ordinal));
        if (turns == 0 || shown || record.Rejected is not null)
        {
            return null;
        }

        var reader = new Utf8JsonReader(json.Span);
        while (reader.Read())
        {
            if (reader.CurrentDepth == 1 && reader.TokenType == JsonTokenType.PropertyName && s_names.Contains(reader.GetString()))
            {
                reader.Read();
                return Cut(json, ref reader, turns);
            }
        }

        return null;
    }

    private static ReadOnlyMemory<byte>? Cut(ReadOnlyMemory<byte> json, ref Utf8JsonReader reader, int turns)
    {
        var (seen, from) = (0, 0);
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            reader.Skip();
            seen++;
            from = seen == turns ? (int)reader.BytesConsumed : from;
        }

        var to = (int)reader.TokenStartIndex;

        // The white space before the closing bracket stays, too.
        while (to > from && json.Span[to - 1] is (byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t')
        {
            to--;
        }

        return seen > turns ? (byte[])[.. json.Span[..from], .. json.Span[to..]] : null;
    }
}
