using System.Collections.Frozen;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using BestOfN.Models.Weights;
using Microsoft.ML.Tokenizers;

namespace BestOfN.Models.Tokenizers;

/// <summary>Byte-level BPE from a <c>tokenizer.json</c>, as Llama 3 and Qwen use it.</summary>
internal sealed class ByteLevelTokenizer : ITokenizer
{
    private readonly BpeTokenizer _bpe;
    private readonly FrozenDictionary<string, int>? _wholeWords;
    private readonly Regex _words;
    private readonly bool _normalize;
    private readonly SymbolMatcher _added;
    private readonly SymbolMatcher _ordinaryAdded;
    private readonly byte[][] _bytes;
    private readonly string[] _spelling;

    private ByteLevelTokenizer(string path, JsonElement root)
    {
        var model = root.GetProperty("model");
        if (model.GetProperty("type").GetString() != "BPE" || !Describes(root, "pre_tokenizer", "ByteLevel"))
        {
            throw new CheckpointException($"{path}: model: expected byte-level BPE, found {model.GetProperty("type")}.");
        }

        _normalize = Normalizer(path, root);
        _words = new Regex(Pattern(root), RegexOptions.CultureInvariant, TimeSpan.FromSeconds(10));
        var vocabulary = model.GetProperty("vocab").EnumerateObject().ToDictionary(p => p.Name, p => p.Value.GetInt32());
        var merges = model.GetProperty("merges").EnumerateArray()
            .Select(m => m.ValueKind == JsonValueKind.Array ? $"{m[0].GetString()} {m[1].GetString()}" : m.GetString()!).ToArray();
        _wholeWords = model.TryGetProperty("ignore_merges", out var ignore) && ignore.ValueKind == JsonValueKind.True ? vocabulary.ToFrozenDictionary() : null;
        _bpe = BpeTokenizer.Create(new BpeOptions(vocabulary) { Merges = merges, ByteLevel = false });

        var added = new Dictionary<string, int>();
        var (special, ordinary) = (new Dictionary<string, int>(), new Dictionary<string, int>());
        if (root.TryGetProperty("added_tokens", out var tokens))
        {
            foreach (var token in tokens.EnumerateArray())
            {
                var (content, id) = (token.GetProperty("content").GetString()!, token.GetProperty("id").GetInt32());
                added[content] = id;
                (token.GetProperty("special").GetBoolean() ? special : ordinary)[content] = id;
            }
        }

        SpecialTokens = added.ToFrozenDictionary();
        _added = new SymbolMatcher(added);
        _ordinaryAdded = new SymbolMatcher(ordinary);
        var size = Math.Max(vocabulary.Values.Max(), added.Count == 0 ? 0 : added.Values.Max()) + 1;
        (_bytes, _spelling) = (new byte[size][], new string[size]);
        Array.Fill(_bytes, []);
        Array.Fill(_spelling, "");
        foreach (var (text, id) in vocabulary)
        {
            _bytes[id] = ByteLevelAlphabet.ToBytes(text);
        }

        foreach (var (text, id) in added)
        {
            (_spelling[id], _bytes[id]) = (text, special.ContainsKey(text) ? [] : Encoding.UTF8.GetBytes(text));
        }
    }

    public int VocabularySize => _bytes.Length;

    public IReadOnlyDictionary<string, int> SpecialTokens { get; }

    public int? BosId { get; init; }

    public int? EosId { get; init; }

    /// <exception cref="CheckpointException">Missing, damaged, or another kind of tokenizer.</exception>
    public static ByteLevelTokenizer Load(string path, Func<IReadOnlyDictionary<string, int>, (int? Bos, int? Eos)> ends)
    {
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(path));
            var tokenizer = new ByteLevelTokenizer(path, document.RootElement);
            var (bos, eos) = ends(tokenizer.SpecialTokens);
            return new ByteLevelTokenizer(path, document.RootElement) { BosId = bos, EosId = eos };
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or FormatException or ArgumentException)
        {
            throw new CheckpointException($"{path}: not a tokenizer.json of byte-level BPE: {e.Message}", e);
        }
    }

    public IReadOnlyList<int> Encode(string text, bool parseSpecialTokens = false)
    {
        ArgumentNullException.ThrowIfNull(text);
        var symbols = parseSpecialTokens ? _added : _ordinaryAdded;
        var ids = new List<int>(text.Length / 3);
        var start = 0;
        for (var i = 0; i < text.Length;)
        {
            var (length, id) = symbols.Match(text, i);
            if (length == 0)
            {
                i++;
                continue;
            }

            EncodePlain(text[start..i], ids);
            ids.Add(id);
            start = i += length;
        }

        EncodePlain(text[start..], ids);
        return ids;
    }

    public string Decode(IReadOnlyList<int> ids)
    {
        ArgumentNullException.ThrowIfNull(ids);
        var text = new StringBuilder();
        var run = new List<byte>();
        foreach (var id in ids)
        {
            if ((uint)id < (uint)_spelling.Length && _spelling[id].Length > 0)
            {
                text.Append(Encoding.UTF8.GetString([.. run])).Append(_spelling[id]);
                run.Clear();
            }
            else
            {
                run.AddRange(BytesOf(id));
            }
        }

        return text.Append(Encoding.UTF8.GetString([.. run])).ToString();
    }

    public ReadOnlySpan<byte> BytesOf(int id) => (uint)id < (uint)_bytes.Length ? _bytes[id] : [];

    private void EncodePlain(string text, List<int> ids)
    {
        foreach (var match in _words.EnumerateMatches(_normalize ? text = text.Normalize(NormalizationForm.FormC) : text))
        {
            var word = ByteLevelAlphabet.FromBytes(Encoding.UTF8.GetBytes(text.Substring(match.Index, match.Length)));
            if (_wholeWords is not null && _wholeWords.TryGetValue(word, out var whole))
            {
                ids.Add(whole);
            }
            else
            {
                ids.AddRange(_bpe.EncodeToIds(word, considerPreTokenization: false, considerNormalization: false));
            }
        }
    }

    private static bool Normalizer(string path, JsonElement root)
    {
        if (!root.TryGetProperty("normalizer", out var normalizer) || normalizer.ValueKind == JsonValueKind.Null)
        {
            return false;
        }

        if (normalizer.GetProperty("type").GetString() != "NFC")
        {
            throw new CheckpointException($"{path}: normalizer: expected none or NFC, found {normalizer.GetProperty("type")}.");
        }

        // Without ICU .NET returns text as it is, and ids would silently differ.
        return "e\u0301".Normalize(NormalizationForm.FormC).Length == 1 ? true
            : throw new CheckpointException($"{path}: normalizer: NFC needs the ICU libraries (Debian and Ubuntu: apt-get install libicu-dev).");
    }

    // The splitting expression, which must cover the whole text; between matches nothing may be lost.
    private static string Pattern(JsonElement root)
    {
        var splits = root.GetProperty("pre_tokenizer") is var pre && pre.TryGetProperty("pretokenizers", out var list) ? list.EnumerateArray().ToArray() : [pre];
        foreach (var split in splits.Where(s => s.GetProperty("type").GetString() == "Split"))
        {
            return split.GetProperty("pattern").GetProperty("Regex").GetString()!;
        }

        return @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";   // GPT-2's
    }

    private static bool Describes(JsonElement root, string property, string type) =>
        root.TryGetProperty(property, out var element) && element.GetRawText().Contains($"\"{type}\"", StringComparison.Ordinal);
}
