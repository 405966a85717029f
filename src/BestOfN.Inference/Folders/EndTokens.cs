using System.Text.Json;
using BestOfN.Inference.Weights;
using BestOfN.Inputs.Decoding;
using BestOfN.Inputs.Files;
using BestOfN.Inputs.Templates;
using BestOfN.Inputs.Tokenizers;

namespace BestOfN.Inference.Folders;

/// <summary>Which tokens end an answer.</summary>
internal static class EndTokens
{
    /// <summary>
    /// All that a folder names: config.json, generation_config.json, the tokenizer, and what the chat template writes behind an answer.
    /// </summary>
    /// <param name="folder">The model's folder.</param>
    /// <param name="configured">Tokens that the network's configuration names.</param>
    /// <param name="tokenizer">The folder's tokenizer.</param>
    /// <param name="template">The folder's chat template.</param>
    public static IReadOnlyList<int> Of(string folder, IEnumerable<int> configured, ITokenizer tokenizer, ChatTemplate template)
    {
        var ends = new SortedSet<int>(configured);
        foreach (var file in (string[])["config.json", "generation_config.json"])
        {
            ends.UnionWith(Listed(Path.Combine(folder, file)));
        }

        if (tokenizer.EosId is { } eos)
        {
            ends.Add(eos);
        }

        if (AnswerEnd.Of(tokenizer, template.Encode) is { } end)
        {
            ends.Add(end);
        }

        return [.. ends];
    }

    private static IEnumerable<int> Listed(string path)
    {
        if (!File.Exists(path))
        {
            return [];
        }

        try
        {
            using var document = JsonDocument.Parse(RegularFile.ReadAllBytes(path, ModelConfiguration.MaxBytes));
            return document.RootElement.ValueKind != JsonValueKind.Object
                || !document.RootElement.TryGetProperty("eos_token_id", out var eos) ? []
                : eos.ValueKind switch
                {
                    JsonValueKind.Number => [eos.GetInt32()],
                    JsonValueKind.Array => [.. eos.EnumerateArray().Select(e => e.GetInt32())],
                    _ => [],
                };
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            throw new InvalidDataException($"{path}: eos_token_id: expected a token id or a list of them: {e.Message}", e);
        }
    }
}
