using System.Buffers;
using System.Collections.ObjectModel;
using System.Text.Json;

namespace BestOfN.Core.Generation;

/// <summary>Tokens read and made.</summary>
public sealed record TokenUsage(long PromptTokens, long CompletionTokens)
{
    private const decimal MostAddedExactly = 1_000_000_000_000_000_000;

    /// <summary>Tokens that the generator counts in its total, but neither as read nor as made.</summary>
    public long OtherTokens { get; init; }

    /// <summary>
    /// What else the generator says of its usage: <c>prompt_tokens_details</c>, <c>completion_tokens_details</c>, <c>cost</c>, …
    /// </summary>
    public IReadOnlyDictionary<string, JsonElement> Details { get; init; } = ReadOnlyDictionary<string, JsonElement>.Empty;

    public long TotalTokens => PromptTokens + CompletionTokens + OtherTokens;

    /// <summary>
    /// The usage of several candidates of one prompt. The prompt counts once: its numbers are those of the usage that read the most.
    /// </summary>
    public static TokenUsage Total(IReadOnlyList<TokenUsage> usages)
    {
        if (usages.Count == 1)
        {
            return usages[0];
        }

        var prompt = usages.MaxBy(usage => usage.PromptTokens);
        OrderedDictionary<string, JsonElement> details = [];
        foreach (var name in usages.SelectMany(usage => usage.Details.Keys).Distinct())
        {
            var isOfPrompt = name.StartsWith("prompt", StringComparison.Ordinal) && prompt!.Details.ContainsKey(name);
            details[name] = isOfPrompt
                ? prompt!.Details[name]
                : Sum([.. usages.Where(usage => usage.Details.ContainsKey(name)).Select(usage => usage.Details[name])]);
        }

        return new(prompt?.PromptTokens ?? 0, usages.Sum(usage => usage.CompletionTokens))
        {
            OtherTokens = usages.Sum(usage => usage.OtherTokens),
            Details = details.Count == 0 ? ReadOnlyDictionary<string, JsonElement>.Empty : details,
        };
    }

    private static JsonElement Sum(IReadOnlyList<JsonElement> values)
    {
        if (values.Count == 1)
        {
            return values[0];
        }

        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            WriteSum(json, values);
        }

        using var sum = JsonDocument.Parse(buffer.WrittenMemory);
        return sum.RootElement.Clone();
    }

    /// <summary>Numbers are added, objects field by field; of anything else the first counts.</summary>
    private static void WriteSum(Utf8JsonWriter json, IReadOnlyList<JsonElement> values)
    {
        var known = values.Where(value => value.ValueKind is not JsonValueKind.Null).ToList();
        if (known.Count == 0)
        {
            json.WriteNullValue();
        }
        else if (known.All(value => value.ValueKind is JsonValueKind.Number))
        {
            WriteNumber(json, known);
        }
        else if (known[0].ValueKind is JsonValueKind.Object)
        {
            json.WriteStartObject();
            var objects = known.Where(value => value.ValueKind is JsonValueKind.Object).ToList();
            foreach (var name in objects.SelectMany(value => value.EnumerateObject().Select(field => field.Name)).Distinct())
            {
                json.WritePropertyName(name);
                WriteSum(json, [.. objects.Where(value => value.TryGetProperty(name, out _)).Select(value => value.GetProperty(name))]);
            }

            json.WriteEndObject();
        }
        else
        {
            known[0].WriteTo(json);
        }
    }

    private static void WriteNumber(Utf8JsonWriter json, List<JsonElement> numbers)
    {
        // Money is added in decimals, so that 0.1 and 0.2 are 0.3.
        if (numbers.All(number => number.TryGetDecimal(out var value) && Math.Abs(value) < MostAddedExactly))
        {
            json.WriteNumberValue(numbers.Sum(number => number.GetDecimal()));
        }
        else if (numbers.Sum(number => number.GetDouble()) is var sum && double.IsFinite(sum))
        {
            json.WriteNumberValue(sum);
        }
        else
        {
            numbers[0].WriteTo(json);
        }
    }
}
