using System.Text;
using BestOfN.Inputs.Gguf;
using BestOfN.Inputs.Tokenizers;
using LLama.Native;

namespace BestOfN.LLama.Models;

/// <summary>llama.cpp's tokenizer of a GGUF file. Thread-safe; the model stays the caller's.</summary>
internal sealed class GgufTokenizer : ITokenizer
{
    private readonly SafeLlamaModelHandle _model;
    private readonly bool _composes, _cutsLongRuns;
    private readonly byte[][] _bytes;           // by id; empty for special tokens
    private readonly Dictionary<int, string> _spellings = [];

    /// <param name="model">Loaded, its tensors or its vocabulary alone.</param>
    /// <param name="file">Its head.</param>
    public GgufTokenizer(SafeLlamaModelHandle model, GgufFile file)
    {
        _model = model;
        _composes = file.Flag(GgufVocabulary.Composes) == true;
        _cutsLongRuns = LongRuns.AreHarmful(file.Text("tokenizer.ggml.model"), file.Text("tokenizer.ggml.pre"));
        var vocabulary = model.Vocab;
        VocabularySize = vocabulary.Count;
        _bytes = new byte[VocabularySize][];
        var (specials, ends) = (new Dictionary<string, int>(), new HashSet<int>());
        for (var id = 0; id < VocabularySize; id++)
        {
            var token = (LLamaToken)id;
            var kind = token.GetAttributes(vocabulary);
            var bytes = Piece(token);
            var isSpecial = (kind & (LLamaTokenAttr.Control | LLamaTokenAttr.Unknown)) != 0;
            if (isSpecial || (kind & LLamaTokenAttr.UserDefined) != 0)
            {
                specials[_spellings[id] = Encoding.UTF8.GetString(bytes)] = id;
            }

            _bytes[id] = isSpecial || (kind & LLamaTokenAttr.Unused) != 0 ? [] : bytes;
            if (token.IsEndOfGeneration(vocabulary) && (isSpecial || id == file.Number("tokenizer.ggml.eos_token_id")))
            {
                ends.Add(id);
            }
        }

        ends.UnionWith(file.Numbers(GgufVocabulary.EndTokens).Where(id => id >= 0 && id < VocabularySize).Select(id => (int)id));
        (SpecialTokens, EndTokenIds) = (specials, ends);
        (BosId, EosId, PadId) = (Named(file, "bos"), Named(file, "eos"), Named(file, "padding"));
        AddsBos = BosId is not null && vocabulary.ShouldAddBOS;
    }

    public int VocabularySize { get; }

    public int? BosId { get; }

    public int? EosId { get; }

    /// <summary>As the file says, else as llama.cpp does for its kind of tokenizer.</summary>
    public bool AddsBos { get; }

    public int? PadId { get; }

    /// <summary>The tokens that end an answer, as the file says or llama.cpp knows by their spelling.</summary>
    public IReadOnlySet<int> EndTokenIds { get; }

    public IReadOnlyDictionary<string, int> SpecialTokens { get; }

    public IReadOnlyList<int> Encode(string text)
    {
        text = Scalars.Only(text);
        text = _composes ? CanonicalComposition.Compose(text) : text;
        return text.Length == 0 ? [] : !_cutsLongRuns ? EncodeWhole(text) : [.. LongRuns.Cut(text).SelectMany(EncodeWhole)];
    }

    public string Decode(IReadOnlyList<int> ids)
    {
        var bytes = new List<byte>();
        foreach (var id in ids)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)id, (uint)VocabularySize, nameof(ids));
            bytes.AddRange(
                _bytes[id].Length == 0 && _spellings.TryGetValue(id, out var spelling) ? Encoding.UTF8.GetBytes(spelling) : _bytes[id]);
        }

        return Encoding.UTF8.GetString([.. bytes]);
    }

    public ReadOnlySpan<byte> BytesOf(int id) => _bytes[id];

    // Where a file names none, llama.cpp takes the token 11 of GPT-2, which may be a comma.
    private int? Named(GgufFile file, string name) =>
        file.Number($"tokenizer.ggml.{name}_token_id") is { } id && id >= 0 && id < VocabularySize ? (int)id : null;

    private int[] EncodeWhole(string text) =>
        Array.ConvertAll(_model.Tokenize(text, addBos: false, special: false, Encoding.UTF8), token => (int)token);

    private byte[] Piece(LLamaToken token)
    {
        Span<byte> buffer = stackalloc byte[256];
        var length = (int)_model.TokenToSpan(token, buffer, 0, special: true);
        if (length <= buffer.Length)
        {
            return buffer[..length].ToArray();
        }

        var larger = new byte[length];
        return larger[..(int)_model.TokenToSpan(token, larger, 0, special: true)];
    }
}
