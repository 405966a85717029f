using System.Globalization;
using System.Text.Json;

namespace BestOfN.Models.Tokenizers;

/// <summary>What tokenizer_config.json and added_tokens.json say beside the vocabulary file.</summary>
internal sealed record TokenizerSettings(IReadOnlyList<AddedToken> Added, string? Bos, string? Eos, string? Pad)
{
    public static TokenizerSettings Load(string folder)
    {
        var added = new Dictionary<string, AddedToken>();
        var path = Path.Combine(folder, "added_tokens.json");
        if (File.Exists(path))
        {
            TokenizerFile.ReadJson(path, root =>
            {
                foreach (var token in root.EnumerateObject())
                {
                    added[token.Name] = new(TokenizerFile.CheckedId(token.Value.GetInt32()), token.Name, Special: true);
                }

                return true;
            });
        }

        path = Path.Combine(folder, "tokenizer_config.json");
        if (!File.Exists(path))
        {
            return new([.. added.Values], null, null, null);
        }

        return TokenizerFile.ReadJson(path, root =>
        {
            foreach (var token in root.Member("added_tokens_decoder")?.EnumerateObject() ?? default)
            {
                var id = TokenizerFile.CheckedId(int.Parse(token.Name, CultureInfo.InvariantCulture));
                var spelling = token.Value.GetProperty("content").GetString()!;
                added[spelling] = new(id, spelling, token.Value.Member("special")?.GetBoolean() ?? false);
            }

            return new TokenizerSettings([.. added.Values], Spelling(root, "bos_token"), Spelling(root, "eos_token"), Spelling(root, "pad_token"));
        });
    }

    private static string? Spelling(JsonElement root, string name) => root.Member(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.Object } token => token.GetProperty("content").GetString(),
        { } token => token.GetString(),
    };
}
