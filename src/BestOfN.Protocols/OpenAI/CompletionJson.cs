using System.Collections.ObjectModel;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using BestOfN.Core.Failures;
using BestOfN.Core.Generation;

namespace BestOfN.Protocols.OpenAI;

/// <summary>Reads an upstream's answers and chunks, with all the liberties that servers take.</summary>
internal static class CompletionJson
{
    private const long MostTokens = 1_000_000_000_000;

    /// <summary>How deeply an answer may be nested.</summary>
    public static JsonDocumentOptions Options { get; } = new() { MaxDepth = 256 };

    /// <summary>Whether a server has left out the blank lines between its events, so that each line is one of them.</summary>
    public static bool HoldsSeveral(ReadOnlySpan<byte> data)
    {
        var end = data.IndexOf((byte)'\n');
        if (end < 0 || data[0] is not (byte)'{')
        {
            return false;
        }

        try
        {
            var reader = new Utf8JsonReader(data[..end], new JsonReaderOptions { MaxDepth = Options.MaxDepth });
            return reader.Read() && reader.TrySkip();
        }
        catch (JsonException)
        {
            return false; // one event, of several lines
        }
    }

    /// <param name="root">An answer or a chunk.</param>
    /// <param name="json">The same in the server's bytes.</param>
    /// <param name="isWhole">Whether it is an answer.</param>
    /// <exception cref="GenerationFailedException">It is an error.</exception>
    public static void ThrowIfError(JsonElement root, ReadOnlySpan<byte> json, bool isWhole)
    {
        if (root.ValueKind is not JsonValueKind.Object)
        {
            if (isWhole && root.ValueKind is JsonValueKind.Array)
            {
                throw UpstreamFailure.FromBody(json);
            }

            return;
        }

        var hasError = root.TryGetProperty("error"u8, out var error) && error.ValueKind is not (JsonValueKind.Null or JsonValueKind.False);
        var isError = root.TryGetProperty("object"u8, out var kind) && kind.ValueKind is JsonValueKind.String
            && kind.ValueEquals("error"u8);
        var hasWords = root.TryGetProperty("detail"u8, out _)
            || (isWhole && (root.TryGetProperty("message"u8, out _) || root.TryGetProperty("errors"u8, out _)));
        if (hasError || isError || (hasWords && !root.TryGetProperty("choices"u8, out _)))
        {
            throw UpstreamFailure.FromBody(json);
        }
    }

    /// <summary>What an answer says besides the choices, the usage and what the gateway says itself.</summary>
    public static IReadOnlyDictionary<string, JsonElement> FieldsOf(JsonElement root)
    {
        OrderedDictionary<string, JsonElement>? fields = null;
        foreach (var field in root.EnumerateObject())
        {
            if (field.Name is not ("choices" or "usage" or "object" or "model" or "error"))
            {
                (fields ??= new(StringComparer.Ordinal))[field.Name] = field.Value;
            }
        }

        return fields ?? (IReadOnlyDictionary<string, JsonElement>)ReadOnlyDictionary<string, JsonElement>.Empty;
    }

    /// <summary>Servers that make one choice may leave the index out; some write it as a string, or with a fraction of zero.</summary>
    public static int? IndexOf(JsonElement choice)
    {
        if (!choice.TryGetProperty("index"u8, out var index) || index.ValueKind is not (JsonValueKind.Number or JsonValueKind.String))
        {
            return null;
        }

        var isNumber = double.TryParse(index.ToString(), NumberStyles.Float, CultureInfo.InvariantCulture, out var number);
        return isNumber && number is >= 0 and <= int.MaxValue && number == Math.Floor(number) ? (int)number : null;
    }

    /// <summary>A server behind a router may fail in the middle of one choice: what came of it before is no answer.</summary>
    public static GenerationFailedException? ErrorOf(JsonElement choice)
    {
        if (choice.TryGetProperty("error"u8, out var error) && error.ValueKind is JsonValueKind.Object or JsonValueKind.String)
        {
            return UpstreamFailure.FromBody(JsonMarshal.GetRawUtf8Value(choice));
        }

        var isError = choice.TryGetProperty("finish_reason"u8, out var reason)
            && reason.ValueKind is JsonValueKind.String && reason.ValueEquals("error"u8);
        return isError
            ? new(new Failure(FailureKind.Upstream, "The upstream ended the answer with an error.") { Upstream = new(502) })
            : null;
    }

    /// <returns>Null if <paramref name="usage"/> says nothing.</returns>
    public static TokenUsage? UsageOf(JsonElement usage)
    {
        if (usage.ValueKind is not JsonValueKind.Object)
        {
            return null;
        }

        var (prompt, completion) = (NumberIn(usage, "prompt_tokens"), NumberIn(usage, "completion_tokens"));
        OrderedDictionary<string, JsonElement> details = new(StringComparer.Ordinal);
        foreach (var field in usage.EnumerateObject()
            .Where(field => field.Name is not ("prompt_tokens" or "completion_tokens" or "total_tokens")))
        {
            details[field.Name] = field.Value.Clone();
        }

        return new(prompt, completion)
        {
            OtherTokens = Math.Max(0, NumberIn(usage, "total_tokens") - prompt - completion),
            Details = details.Count == 0 ? ReadOnlyDictionary<string, JsonElement>.Empty : details,
        };
    }

    // A number that no server can have counted is cut, so that sums stay numbers.
    private static long NumberIn(JsonElement usage, string name) =>
        usage.TryGetProperty(name, out var number) && number.ValueKind is JsonValueKind.Number && number.TryGetDouble(out var value)
            ? (long)Math.Clamp(value, 0, MostTokens)
            : 0;
}
