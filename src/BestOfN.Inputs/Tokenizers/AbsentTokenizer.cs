namespace BestOfN.Inputs.Tokenizers;

/// <summary>Stands in for the tokenizer of a folder without one: token ids can be scored, text cannot.</summary>
internal sealed class AbsentTokenizer(string folder) : ITokenizer
{
    public int VocabularySize => 0;

    public int? BosId => null;

    public int? EosId => null;

    public int? PadId => null;

    public IReadOnlyDictionary<string, int> SpecialTokens { get; } = new Dictionary<string, int>();

    public IReadOnlyList<int> Encode(string text) => throw Missing();

    public string Decode(IReadOnlyList<int> ids) => throw Missing();

    public ReadOnlySpan<byte> BytesOf(int id) => throw Missing();

    private InvalidDataException Missing() => new($"{folder} holds no tokenizer; rows of text cannot be scored, rows of input_ids can.");
}
