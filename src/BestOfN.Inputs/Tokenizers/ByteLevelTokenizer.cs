using System.Text;
using Microsoft.ML.Tokenizers;

namespace BestOfN.Inputs.Tokenizers;

/// <summary>Byte-level BPE as in Llama 3 and Qwen.</summary>
/// <remarks>
/// Ordinary words are merged by Microsoft.ML.Tokenizers. Its merging takes quadratic time, so long words, of
/// which a hostile text may consist, are merged by <see cref="PairMerger"/> with equal results.
/// </remarks>
internal sealed class ByteLevelTokenizer : ITokenizer
{
    private const int LongWord = 512;

    private readonly ByteLevelModel _model;
    private readonly WordSplitter _words;
    private readonly BpeTokenizer _bpe;
    private readonly Lazy<PairRanks> _ranks; // most processes never meet a long word
    private readonly SpellingTrie _ordinary; // added tokens that are not special
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _vocabulary;
    private readonly int[] _byteIds = new int[256];
    private readonly byte[]?[] _bytes;      // by id; null for special tokens
    private readonly byte[]?[] _spelled;    // by id; what decoding writes

    public ByteLevelTokenizer(ByteLevelModel model)
    {
        _model = model;
        _words = new(model.WordPatterns);
        _bpe = BpeTokenizer.Create(
            new BpeOptions(model.Vocabulary) { Merges = model.Merges.Select(m => $"{m.Left} {m.Right}"), ByteLevel = true });
        _ranks = new(() => new PairRanks(model));
        _vocabulary = new Dictionary<string, int>(model.Vocabulary).GetAlternateLookup<ReadOnlySpan<char>>();

        VocabularySize = model.Vocabulary.Values.Concat(model.Added.Select(a => a.Id)).DefaultIfEmpty(-1).Max() + 1;
        (_bytes, _spelled) = (new byte[VocabularySize][], new byte[VocabularySize][]);
        foreach (var (token, id) in model.Vocabulary)
        {
            _bytes[id] = _spelled[id] = ByteAlphabet.BytesOf(token) ?? Encoding.UTF8.GetBytes(token);
        }

        for (var b = 0; b < 256; b++)
        {
            _byteIds[b] = _vocabulary.TryGetValue([ByteAlphabet.LetterOf((byte)b)], out var id)
                ? id
                : throw new InvalidDataException($"the vocabulary lacks byte 0x{b:X2}");
        }

        var specials = new Dictionary<string, int>();
        foreach (var added in model.Added)
        {
            specials[added.Spelling] = added.Id;
            _spelled[added.Id] = Encoding.UTF8.GetBytes(added.Spelling);
            _bytes[added.Id] = added.Special ? null : _spelled[added.Id];
        }

        SpecialTokens = specials;
        _ordinary = new(model.Added.Where(a => !a.Special).Select(a => KeyValuePair.Create(a.Spelling, a.Id)));
        (BosId, EosId, PadId) = (Find(model.Bos), Find(model.Eos), Find(model.Pad));
        AddsBos = BosId is not null && model.AddsBos;
    }

    internal ByteLevelModel Model => _model;

    public int VocabularySize { get; }

    public int? BosId { get; }

    public bool AddsBos { get; }

    public int? EosId { get; }

    public int? PadId { get; }

    public IReadOnlyDictionary<string, int> SpecialTokens { get; }

    public IReadOnlyList<int> Encode(string text)
    {
        var ids = new List<int>(text.Length / 3);
        text = Scalars.Only(text);
        var done = 0;
        for (var i = 0; i < text.Length;)
        {
            var length = _ordinary.Match(text, i, out var id);
            if (length == 0)
            {
                i++;
                continue;
            }

            EncodeWords(text[done..i], ids);
            ids.Add(id);
            done = i += length;
        }

        EncodeWords(text[done..], ids);
        return ids;
    }

    public string Decode(IReadOnlyList<int> ids)
    {
        var text = new StringBuilder();
        var assembler = new Utf8Assembler(replacesEveryInvalidByte: false);
        foreach (var id in ids)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)id, (uint)VocabularySize, nameof(ids));
            assembler.Append(_spelled[id], text);
        }

        assembler.Flush(text);
        return text.ToString();
    }

    public ReadOnlySpan<byte> BytesOf(int id) => _bytes[id];

    private void EncodeWords(string text, List<int> ids)
    {
        if (text.Length == 0)
        {
            return;
        }

        text = _model.ComposeCanonically ? CanonicalComposition.Compose(text) : text;
        foreach (var (start, length) in _words.Split(text))
        {
            var word = text.AsSpan(start, length);
            if (length > LongWord)
            {
                EncodeLong(word, ids);
            }
            else if (_model.IgnoreMerges && TryWhole(word, out var id))
            {
                ids.Add(id);
            }
            else
            {
                ids.AddRange(_bpe.EncodeToIds(word, considerPreTokenization: false, considerNormalization: false));
            }
        }
    }

    private bool TryWhole(ReadOnlySpan<char> word, out int id)
    {
        Span<byte> bytes = stackalloc byte[LongWord * 3];
        bytes = bytes[..Encoding.UTF8.GetBytes(word, bytes)];
        Span<char> letters = stackalloc char[bytes.Length];
        for (var i = 0; i < bytes.Length; i++)
        {
            letters[i] = ByteAlphabet.LetterOf(bytes[i]);
        }

        return _vocabulary.TryGetValue(letters, out id);
    }

    private void EncodeLong(ReadOnlySpan<char> word, List<int> ids)
    {
        var bytes = new byte[Encoding.UTF8.GetByteCount(word)];
        Encoding.UTF8.GetBytes(word, bytes);
        var symbols = new Symbol[bytes.Length];
        for (var i = 0; i < bytes.Length; i++)
        {
            symbols[i] = new() { Start = i, Length = 1, Id = _byteIds[bytes[i]] };
        }

        PairMerger.Link(symbols);
        PairMerger.Merge<PairRanks>(symbols, _ranks.Value);
        for (var i = 0; i >= 0; i = symbols[i].Next)
        {
            ids.Add(symbols[i].Id);
        }
    }

    private int? Find(string? spelling) => spelling is null ? null
        : SpecialTokens.TryGetValue(spelling, out var id) || _vocabulary.TryGetValue(spelling, out id) ? id : null;

    private sealed class PairRanks : IPairRanks
    {
        private readonly Dictionary<(int Left, int Right), (int Rank, int Id)> _merges = [];

        public PairRanks(ByteLevelModel model)
        {
            foreach (var (left, right) in model.Merges)
            {
                var vocabulary = model.Vocabulary;
                _merges[(vocabulary[left], vocabulary[right])] = (_merges.Count, vocabulary[left + right]);
            }
        }

        public bool TryGet(in Symbol left, in Symbol right, out double rank, out int merged)
        {
            var found = _merges.TryGetValue((left.Id, right.Id), out var merge);
            (rank, merged) = merge;
            return found;
        }
    }
}
