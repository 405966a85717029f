using System.Collections.Frozen;
using System.Text;

namespace BestOfN.Models.Tokenizers;

/// <summary>SentencePiece BPE with byte fallback, as InternLM2 uses it.</summary>
/// <remarks>
/// Own code, because Microsoft.ML.Tokenizers ignores the symbols that the model itself defines and loses special tokens in decoding.
/// Tokens spelled like <c>&lt;|…|&gt;</c> or <c>[…]</c> and control tokens are special; other symbols of the model, such as the full-width
/// letters of InternLM2, are ordinary text.
/// </remarks>
internal sealed class SentencePieceTokenizer : ITokenizer
{
    private const char Space = '\u2581';

    private readonly SentencePieceModel _model;
    private readonly FrozenDictionary<string, int> _mergeable;
    private readonly SymbolMatcher _everything;
    private readonly SymbolMatcher _modelSymbols;
    private readonly SymbolMatcher _ordinarySymbols;
    private readonly int[] _byteIds = new int[256];
    private readonly byte[][] _bytes;

    /// <param name="model">The model file.</param>
    /// <param name="added">Tokens that other files of the folder add or rename, by spelling.</param>
    public SentencePieceTokenizer(SentencePieceModel model, IReadOnlyDictionary<string, int> added)
    {
        _model = model;
        var mergeable = new Dictionary<string, int>();
        var special = new Dictionary<string, int>(added);
        var (modelSymbols, ordinary) = (new Dictionary<string, int>(), new Dictionary<string, int>());
        _bytes = new byte[Math.Max(model.Pieces.Count, added.Count == 0 ? 0 : added.Values.Max() + 1)][];
        Array.Fill(_bytes, []);
        Array.Fill(_byteIds, model.UnknownId);
        for (var id = 0; id < model.Pieces.Count; id++)
        {
            var piece = model.Pieces[id];
            switch (piece.Type)
            {
                case SentencePieceType.Control:
                    special.TryAdd(piece.Text, id);
                    break;
                case SentencePieceType.SingleByte:
                    var value = Convert.ToByte(piece.Text[3..5], 16);
                    _byteIds[value] = id;
                    _bytes[id] = [value];
                    break;
                case SentencePieceType.Unknown:
                    _bytes[id] = " \u2047 "u8.ToArray();
                    break;
                default:
                    mergeable.TryAdd(piece.Text, id);
                    _bytes[id] = Encoding.UTF8.GetBytes(piece.Text.Replace(Space, ' '));
                    if (piece.Type == SentencePieceType.UserDefined)
                    {
                        modelSymbols[piece.Text] = id;
                        if (IsSpecial(piece.Text) || added.Values.Contains(id))
                        {
                            special.TryAdd(piece.Text, id);
                            _bytes[id] = [];
                        }
                        else
                        {
                            ordinary[piece.Text] = id;
                        }
                    }

                    break;
            }
        }

        SpecialTokens = special.ToFrozenDictionary();
        foreach (var id in special.Values.Where(id => id < _bytes.Length))
        {
            _bytes[id] = [];
        }

        _mergeable = mergeable.ToFrozenDictionary();
        _modelSymbols = new SymbolMatcher(modelSymbols);
        _ordinarySymbols = new SymbolMatcher(ordinary);
        _everything = new SymbolMatcher(ordinary.Concat(special).ToDictionary());
    }

    public int VocabularySize => _bytes.Length;

    public IReadOnlyDictionary<string, int> SpecialTokens { get; }

    public int? BosId => _model.BosId >= 0 ? _model.BosId : null;

    public int? EosId => _model.EosId >= 0 ? _model.EosId : null;

    public IReadOnlyList<int> Encode(string text, bool parseSpecialTokens = false) => Encode(text, parseSpecialTokens ? _everything : _ordinarySymbols);

    /// <summary>What SentencePiece itself does: every symbol of the model is parsed, control tokens are not.</summary>
    internal IReadOnlyList<int> EncodeAsSentencePiece(string text) => Encode(text, _modelSymbols);

    public string Decode(IReadOnlyList<int> ids)
    {
        ArgumentNullException.ThrowIfNull(ids);
        var text = new StringBuilder();
        var run = new List<byte>();
        var first = true;
        foreach (var id in ids)
        {
            var special = id < _model.Pieces.Count && _model.Pieces[id].Type == SentencePieceType.UserDefined ? _model.Pieces[id].Text : null;
            if (id < _model.Pieces.Count && _model.Pieces[id].Type == SentencePieceType.SingleByte)
            {
                run.AddRange(BytesOf(id));
                first = false;
                continue;
            }

            AppendRun(text, run);
            var piece = special ?? Encoding.UTF8.GetString(BytesOf(id));
            if (piece.Length > 0)
            {
                text.Append(first && _model.AddDummyPrefix && piece[0] == ' ' ? piece[1..] : piece);
                first = false;
            }
        }

        AppendRun(text, run);
        return text.ToString();
    }

    public ReadOnlySpan<byte> BytesOf(int id) => (uint)id < (uint)_bytes.Length ? _bytes[id] : [];

    private static bool IsSpecial(string piece) =>
        (piece.StartsWith("<|", StringComparison.Ordinal) && piece.EndsWith("|>", StringComparison.Ordinal))
        || (piece.StartsWith("[UNUSED_TOKEN_", StringComparison.Ordinal) && piece.EndsWith(']'));

    // SentencePiece decodes the bytes of a run one scalar at a time and gives one U+FFFD for each byte that begins none.
    private static void AppendRun(StringBuilder text, List<byte> run)
    {
        var rest = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(run);
        while (rest.Length > 0)
        {
            if (Rune.DecodeFromUtf8(rest, out var rune, out var used) == System.Buffers.OperationStatus.Done)
            {
                text.Append(rune.ToString());
                rest = rest[used..];
            }
            else
            {
                text.Append('\uFFFD');
                rest = rest[1..];
            }
        }

        run.Clear();
    }

    private List<int> Encode(string text, SymbolMatcher symbols)
    {
        ArgumentNullException.ThrowIfNull(text);
        var ids = new List<int>(text.Length / 3);
        if (text.Length == 0)
        {
            return ids;
        }

        var escaped = (_model.AddDummyPrefix ? Space.ToString() : "") + text.Replace(' ', Space);
        var start = 0;
        for (var i = 0; i < escaped.Length;)
        {
            var (length, id) = symbols.Match(escaped, i);
            if (length == 0)
            {
                i++;
                continue;
            }

            Merge(escaped[start..i], ids);
            ids.Add(id);
            start = i += length;
        }

        Merge(escaped[start..], ids);
        return ids;
    }

    private void Merge(string text, List<int> ids)
    {
        foreach (var piece in BpeMerges.Apply(text, pair => _mergeable.TryGetValue(pair, out var id) ? _model.Pieces[id].Score : null))
        {
            if (_mergeable.TryGetValue(piece, out var id))
            {
                ids.Add(id);
            }
            else if (_model.ByteFallback)
            {
                foreach (var b in Encoding.UTF8.GetBytes(piece))
                {
                    ids.Add(_byteIds[b]);
                }
            }
            else
            {
                ids.Add(_model.UnknownId);
            }
        }
    }
}
