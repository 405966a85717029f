using System.Globalization;
using System.Text.Json;

namespace BestOfN.Inputs.Tokenizers;

/// <summary>What tokenizer_config.json, special_tokens_map.json and added_tokens.json say beside the vocabulary file.</summary>
internal sealed record TokenizerSettings
{
    private static readonly string[] s_names = ["bos_token", "eos_token", "pad_token", "unk_token", "sep_token", "cls_token", "mask_token"];

    // What a tokenizer may say of an added token beside its spelling; matching never depends on them here.
    private static readonly string[] s_flags = ["single_word", "lstrip", "rstrip"];

    public required IReadOnlyList<AddedToken> Added { get; init; }

    /// <summary>Spellings by the names of s_names, as far as they are set.</summary>
    public required IReadOnlyDictionary<string, string> Names { get; init; }

    /// <summary>Spellings that a file lists as special, whether or not one gives them an id.</summary>
    public required IReadOnlyList<string> Special { get; init; }

    public string? Bos => Names.GetValueOrDefault("bos_token");

    public string? Eos => Names.GetValueOrDefault("eos_token");

    public string? Pad => Names.GetValueOrDefault("pad_token");

    /// <summary>The other names, such as <c>unk_token</c>.</summary>
    public IEnumerable<KeyValuePair<string, string>> OtherNames =>
        Names.Where(n => n.Key is not ("bos_token" or "eos_token" or "pad_token"));

    /// <summary>False: only the beginning of a text has a blank put before it, not every stretch behind a special token.</summary>
    public bool Legacy { get; init; } = true;

    /// <summary>Whether a blank is put before a text; null where nothing is said.</summary>
    public bool? AddPrefixSpace { get; init; }

    /// <summary>Whether BOS is put before a text; null where nothing is said.</summary>
    public bool? AddBos { get; init; }

    public static TokenizerSettings Load(string folder)
    {
        var added = new Dictionary<string, AddedToken>();
        var names = new Dictionary<string, string?>();
        var special = new List<string>();
        Read(folder, "added_tokens.json", root =>
        {
            foreach (var token in root.EnumerateObject())
            {
                added[token.Name] = new(TokenizerFile.CheckedId(token.Value.GetInt32()), token.Name, Special: true);
            }
        });

        var settings = new TokenizerSettings { Added = [], Names = new Dictionary<string, string>(), Special = [] };
        var tellsAll = false;
        Read(folder, "tokenizer_config.json", root =>
        {
            RefuseUncomputed(root);
            tellsAll = root.Member("added_tokens_decoder") is not null;
            foreach (var token in root.Member("added_tokens_decoder")?.EnumerateObject() ?? default)
            {
                var id = TokenizerFile.CheckedId(int.Parse(token.Name, CultureInfo.InvariantCulture));
                var spelling = token.Value.GetProperty("content").GetString()!;
                RefuseFlags(spelling, token.Value);
                added[spelling] = new(id, spelling, token.Value.Member("special")?.GetBoolean() ?? false);
            }

            ReadNames(root, (name, spelling) => names[name] = spelling);
            special.AddRange(Listed(root));
            settings = settings with
            {
                Legacy = root.Member("legacy")?.GetBoolean() ?? true,
                AddPrefixSpace = root.Member("add_prefix_space")?.GetBoolean(),
                AddBos = root.Member("add_bos_token") is { ValueKind: JsonValueKind.True or JsonValueKind.False } adds ? adds.GetBoolean()
                    : null,
            };
        });

        // Older versions of transformers wrote the names here, and read them from here unless tokenizer_config.json lists the added tokens.
        Read(folder, "special_tokens_map.json", root =>
        {
            ReadNames(root, (name, spelling) =>
            {
                if (names.TryAdd(name, spelling) || tellsAll || spelling is null || names[name] == spelling)
                {
                    return;
                }

                names[name] = names[name] is not { } other ? spelling
                    : throw new InvalidDataException($"{name}: expected {other}, as tokenizer_config.json says, found {spelling}");
            });
            special.AddRange(Listed(root));
        });

        var set = names.Where(n => n.Value is not null).ToDictionary(n => n.Key, n => n.Value!);
        return settings with
        {
            Added = [.. added.Values],
            Names = set,
            Special = [.. special.Concat(set.Where(n => n.Key != "pad_token").Select(n => n.Value)).Distinct()],
        };
    }

    /// <exception cref="InvalidDataException">The token takes neighbouring blanks along, or stands between words only.</exception>
    public static void RefuseFlags(string spelling, JsonElement token)
    {
        foreach (var flag in s_flags)
        {
            if (token.Member(flag)?.GetBoolean() == true)
            {
                throw new InvalidDataException($"added token {spelling} has {flag}, which is not supported");
            }
        }
    }

    // What changes ids and is not computed.
    private static void RefuseUncomputed(JsonElement root)
    {
        foreach (var flag in (ReadOnlySpan<string>)["split_special_tokens", "do_lower_case"])
        {
            if (root.Member(flag)?.GetBoolean() == true)
            {
                throw new InvalidDataException($"{flag}: expected false, found true, which is not supported");
            }
        }

        if (root.Member("sp_model_kwargs") is { ValueKind: JsonValueKind.Object } options && options.EnumerateObject().Any())
        {
            throw new InvalidDataException($"sp_model_kwargs: expected none, found {options.GetRawText()}, which are not supported");
        }
    }

    private static void Read(string folder, string name, Action<JsonElement> read)
    {
        var path = Path.Combine(folder, name);
        if (File.Exists(path))
        {
            TokenizerFile.ReadJson(path, root =>
            {
                read(root);
                return true;
            });
        }
    }

    private static void ReadNames(JsonElement root, Action<string, string?> tell)
    {
        foreach (var name in s_names.Where(n => root.TryGetProperty(n, out _)))
        {
            tell(name, root.Member(name) is { } token ? Spelling(token) : null);
        }
    }

    private static string[] Listed(JsonElement root) => root.Member("additional_special_tokens") is { ValueKind: JsonValueKind.Array } list
        ? [.. list.EnumerateArray().Select(Spelling)] : [];

    private static string Spelling(JsonElement token)
    {
        if (token.ValueKind != JsonValueKind.Object)
        {
            return token.GetString()!;
        }

        var spelling = token.GetProperty("content").GetString()!;
        RefuseFlags(spelling, token);
        return spelling;
    }
}
