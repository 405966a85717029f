using System.Globalization;
using System.Text;

namespace BestOfN.Inputs.Tokenizers;

/// <summary>SentencePiece BPE with byte fallback.</summary>
/// <remarks>
/// Own code because Microsoft.ML.Tokenizers lets the spelling of user-defined symbols only be all special or all ignored, drops
/// them when decoding, and leaves out the dummy prefix before a leading one. Algorithm: sentencepiece, src/bpe_model.cc.
/// </remarks>
internal sealed class SentencePieceTokenizer : ITokenizer
{
    private const char Space = '\u2581';

    private readonly SentencePieceModel _model;
    private readonly bool _prefixesFirst, _prefixesOthers;
    private readonly byte[]?[] _bytes;         // by id; null for special tokens
    private readonly string?[] _decoded;       // by id; what decoding writes for special tokens
    private readonly bool[] _isByte;
    private readonly int[] _byteIds = new int[256];
    private readonly Dictionary<string, int> _mergeable = [];
    private readonly SpellingTrie _plainSymbols, _allSymbols;
    private readonly Ranks _ranks;
    private readonly int _unknown = -1;

    public SentencePieceTokenizer(SentencePieceModel model, TokenizerSettings settings)
    {
        _model = model;

        // Where the settings are those of the newer way, they decide; a model that puts no
        // blank has a way of its own, to which they do not apply.
        _prefixesFirst = model.AddDummyPrefix && (settings.Legacy || settings.AddPrefixSpace != false);
        _prefixesOthers = model.AddDummyPrefix && settings.Legacy;
        var specials = new Dictionary<string, int>();
        VocabularySize = Math.Max(model.Pieces.Count, settings.Added.Select(a => a.Id + 1).DefaultIfEmpty().Max());
        (_bytes, _decoded, _isByte) = (new byte[VocabularySize][], new string[VocabularySize], new bool[VocabularySize]);
        var (plainSymbols, allSymbols) = (new Dictionary<string, int>(), new Dictionary<string, int>());
        Array.Fill(_byteIds, -1);

        for (var id = 0; id < model.Pieces.Count; id++)
        {
            var piece = model.Pieces[id];
            switch (piece.Kind)
            {
                case SentencePieceKind.Unknown:
                    specials[piece.Text] = _unknown = id;
                    _decoded[id] = " \u2047 ";
                    break;
                case SentencePieceKind.Control:
                    specials[piece.Text] = id;
                    _decoded[id] = "";
                    break;
                case SentencePieceKind.Byte:
                    var value = ByteOf(piece.Text);
                    (_byteIds[value], _bytes[id], _isByte[id]) = (id, [value], true);
                    break;
                // User-defined symbols are of two kinds: markup, and plain text such as a wide letter.
                case SentencePieceKind.UserDefined when TokenizerFile.IsMarkup(piece.Text):
                    specials[piece.Text] = allSymbols[piece.Text] = id;
                    _decoded[id] = piece.Text;
                    break;
                default:
                    _mergeable[piece.Text] = id;
                    _bytes[id] = Encoding.UTF8.GetBytes(piece.Text.Replace(Space, ' '));
                    if (piece.Kind == SentencePieceKind.UserDefined)
                    {
                        plainSymbols[piece.Text] = allSymbols[piece.Text] = id;
                    }

                    break;
            }
        }

        // An added token at the place of a piece renames it: InternLM2's [UNUSED_TOKEN_146] becomes <|im_start|>.
        foreach (var added in settings.Added)
        {
            specials[added.Spelling] = added.Id;
            _bytes[added.Id] = added.Special ? null : Encoding.UTF8.GetBytes(added.Spelling);
            _decoded[added.Id] = added.Id < model.Pieces.Count && model.Pieces[added.Id].Kind == SentencePieceKind.Control ? ""
                : added.Spelling;
            _mergeable.Remove(added.Spelling);
            if (!added.Special)
            {
                plainSymbols[added.Spelling] = added.Id;
            }
        }

        // A piece that only the settings call special, as older files do.
        foreach (var spelling in settings.Special.Where(s => !specials.ContainsKey(s) && TokenizerFile.IsMarkup(s)))
        {
            if (_mergeable.Remove(spelling, out var id))
            {
                (specials[spelling], _bytes[id], _decoded[id]) = (id, null, spelling);
            }
        }

        if (model.ByteFallback ? _byteIds.Contains(-1) : _unknown < 0)
        {
            throw new InvalidDataException(
                "the SentencePiece model can not encode unknown characters: it has neither all 256 bytes nor an unknown piece");
        }

        (_plainSymbols, _allSymbols) = (new(plainSymbols), new(allSymbols));
        _ranks = new(_mergeable, model.Pieces);
        SpecialTokens = specials;
        BosId = Find(settings.Bos ?? model.Bos);
        AddsBos = BosId is not null && (settings.AddBos ?? true);
        EosId = Find(settings.Eos ?? model.Eos);
        PadId = Find(settings.Pad ?? model.Pad);
    }

    internal SentencePieceModel Model => _model;

    /// <summary>Whether a blank is put before the beginning of a text.</summary>
    internal bool PrefixesFirst => _prefixesFirst;

    /// <summary>Whether a blank is put before a text behind a special token.</summary>
    internal bool PrefixesOthers => _prefixesOthers;

    public int VocabularySize { get; }

    public int? BosId { get; }

    public bool AddsBos { get; }

    public int? EosId { get; }

    public int? PadId { get; }

    public IReadOnlyDictionary<string, int> SpecialTokens { get; }

    public bool ReplacesEveryInvalidByte => true;

    public IReadOnlyList<int> Encode(string text) => Encode(text, _plainSymbols, _prefixesFirst);

    public IReadOnlyList<int> EncodeBehindToken(string text) => Encode(text, _plainSymbols, _prefixesOthers);

    /// <summary>As the SentencePiece library encodes: all user-defined symbols are found in the text, control tokens are not.</summary>
    internal IReadOnlyList<int> EncodeWithUserDefinedSymbols(string text) => Encode(text, _allSymbols, _prefixesFirst);

    public string Decode(IReadOnlyList<int> ids)
    {
        var text = new StringBuilder();
        var assembler = new Utf8Assembler(ReplacesEveryInvalidByte);
        var opening = true;
        foreach (var id in ids)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)id, (uint)VocabularySize, nameof(ids));
            if (_decoded[id] is { } special)
            {
                assembler.Flush(text);
                text.Append(special);
                opening &= special.Length == 0;
                continue;
            }

            var bytes = BytesOf(id);
            assembler.Append(opening && DropsLeadingSpace(id) ? bytes[1..] : bytes, text);
            opening &= bytes.IsEmpty;
        }

        assembler.Flush(text);
        return text.ToString();
    }

    public ReadOnlySpan<byte> BytesOf(int id) => _bytes[id];

    public bool DropsLeadingSpace(int id) =>
        (_prefixesFirst || _model.RemoveExtraWhitespaces) && !_isByte[id] && _bytes[id] is [(byte)' ', ..];

    private List<int> Encode(string text, SpellingTrie symbols, bool prefixes)
    {
        // 1. Normalise.  2. Cut into symbols and scalars.  3. Merge.  4. Look up, bytes for what is unknown.
        var normal = Normalize(text, prefixes);
        var ids = new List<int>(normal.Length / 3);
        var list = new Symbol[normal.Length];
        var count = 0;
        for (var i = 0; i < normal.Length; i += list[count++].Length)
        {
            var length = symbols.Match(normal, i, out var id);
            var frozen = length > 0;
            if (!frozen)
            {
                length = char.IsHighSurrogate(normal[i]) ? 2 : 1;
                id = _ranks.Find(normal.AsSpan(i, length));
            }

            list[count] = new() { Start = i, Length = length, Id = id, Frozen = frozen };
        }

        var merged = list.AsSpan(0, count);
        PairMerger.Link(merged);
        PairMerger.Merge(merged, new TextRanks(normal, _ranks));

        Span<byte> utf8 = stackalloc byte[4];
        var afterUnknown = false;
        for (var i = 0; i < count && i >= 0; i = merged[i].Next)
        {
            var symbol = merged[i];
            if (symbol.Id >= 0)
            {
                ids.Add(symbol.Id);
                afterUnknown = false;
            }
            else if (_model.ByteFallback)
            {
                foreach (var b in utf8[..Encoding.UTF8.GetBytes(normal.AsSpan(symbol.Start, symbol.Length), utf8)])
                {
                    ids.Add(_byteIds[b]);
                }
            }
            else if (!afterUnknown)
            {
                ids.Add(_unknown); // once for a run of unknown characters
                afterUnknown = true;
            }
        }

        return ids;
    }

    private string Normalize(string text, bool prefixes)
    {
        text = Scalars.Only(text);
        if (_model.RemoveExtraWhitespaces)
        {
            text = string.Join(' ', text.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        }

        if (prefixes && text.Length > 0)
        {
            text = " " + text;
        }

        return _model.EscapeWhitespaces ? text.Replace(' ', Space) : text;
    }

    private int? Find(string spelling) => SpecialTokens.TryGetValue(spelling, out var id) ? id : null;

    private static byte ByteOf(string piece) =>
        piece is ['<', '0', 'x', _, _, '>']
            && byte.TryParse(piece.AsSpan(3, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value)
            ? value
            : throw new InvalidDataException($"'{piece}' does not name a byte");

    /// <summary>Ids and scores by the text of a piece.</summary>
    private sealed class Ranks(Dictionary<string, int> ids, IReadOnlyList<SentencePiece> pieces)
    {
        private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _ids = ids.GetAlternateLookup<ReadOnlySpan<char>>();
        private readonly int _longest = ids.Keys.Select(p => p.Length).DefaultIfEmpty().Max();

        public int Find(ReadOnlySpan<char> text) => text.Length <= _longest && _ids.TryGetValue(text, out var id) ? id : -1;

        public double Score(int id) => pieces[id].Score;
    }

    private readonly struct TextRanks(string text, Ranks ranks) : IPairRanks
    {
        public bool TryGet(in Symbol left, in Symbol right, out double rank, out int merged)
        {
            merged = left.Frozen || right.Frozen ? -1 : ranks.Find(text.AsSpan(left.Start, left.Length + right.Length));
            rank = merged < 0 ? 0 : -ranks.Score(merged);
            return merged >= 0;
        }
    }
}
