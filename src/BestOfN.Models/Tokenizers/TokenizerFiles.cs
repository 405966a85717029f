using System.Text.Json;
using BestOfN.Models.Weights;

namespace BestOfN.Models.Tokenizers;

/// <summary>Loads the tokenizer of a model folder.</summary>
public static class TokenizerFiles
{
    /// <summary>Takes <c>tokenizer.model</c>, else <c>tokenizer.json</c>; honours <c>tokenizer_config.json</c> and <c>added_tokens.json</c>.</summary>
    /// <exception cref="CheckpointException">Neither is there, or it is damaged or of another kind.</exception>
    public static ITokenizer Load(string folder)
    {
        var sentencePiece = Path.Combine(folder, "tokenizer.model");
        if (File.Exists(sentencePiece))
        {
            return new SentencePieceTokenizer(SentencePieceModel.Load(sentencePiece), AddedTokens(folder));
        }

        var json = Path.Combine(folder, "tokenizer.json");
        if (!File.Exists(json))
        {
            throw new CheckpointException($"{folder}: expected tokenizer.model or tokenizer.json, found neither.");
        }

        using var config = ReadObject(Path.Combine(folder, "tokenizer_config.json"));
        return ByteLevelTokenizer.Load(json, special => (Named("bos_token"), Named("eos_token")) switch
        {
            var (bos, eos) => (Id(special, bos), Id(special, eos)),
        });

        string? Named(string field) => config is not null && config.RootElement.TryGetProperty(field, out var token)
            ? token.ValueKind == JsonValueKind.String ? token.GetString() : token.ValueKind == JsonValueKind.Object ? token.GetProperty("content").GetString() : null
            : null;

        static int? Id(IReadOnlyDictionary<string, int> special, string? token) => token is not null && special.TryGetValue(token, out var id) ? id : null;
    }

    private static Dictionary<string, int> AddedTokens(string folder)
    {
        var added = new Dictionary<string, int>();
        using (var file = ReadObject(Path.Combine(folder, "added_tokens.json")))
        {
            foreach (var token in file?.RootElement.EnumerateObject() ?? default)
            {
                added[token.Name] = token.Value.GetInt32();
            }
        }

        using var config = ReadObject(Path.Combine(folder, "tokenizer_config.json"));
        if (config is not null && config.RootElement.TryGetProperty("added_tokens_decoder", out var decoder))
        {
            foreach (var token in decoder.EnumerateObject())
            {
                added[token.Value.GetProperty("content").GetString()!] = int.Parse(token.Name, System.Globalization.CultureInfo.InvariantCulture);
            }
        }

        return added;
    }

    private static JsonDocument? ReadObject(string path)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        try
        {
            var document = JsonDocument.Parse(File.ReadAllBytes(path));
            return document.RootElement.ValueKind == JsonValueKind.Object ? document : throw new CheckpointException($"{path}: expected a JSON object.");
        }
        catch (JsonException e)
        {
            throw new CheckpointException($"{path}: not valid JSON: {e.Message}", e);
        }
    }
}
