using System.Text;
using BestOfN.Inputs.Tokenizers;

namespace BestOfN.Inference.Tests.Generation;

/// <summary>Every token of a vocabulary stands for the bytes it is given; none for special tokens.</summary>
internal sealed class LetterTokenizer(params byte[][] tokens) : ITokenizer
{
    /// <summary>For <see cref="RandomModels"/>: 0, 1 and 2 are special, the others two letters each, no two alike.</summary>
    public static LetterTokenizer Pairs { get; } = new(
        [[], [], [],
            .. Enumerable.Range(3, RandomModels.Vocabulary - 3).Select(i => new[] { (byte)('A' + (i / 10)), (byte)('a' + (i % 10)) })]);

    public int VocabularySize => tokens.Length;

    public int? BosId => null;

    public int? EosId => 2;

    public int? PadId => null;

    public IReadOnlyDictionary<string, int> SpecialTokens { get; } = new Dictionary<string, int> { ["</s>"] = 2 };

    public IReadOnlyList<int> Encode(string text) => throw new NotSupportedException();

    public string Decode(IReadOnlyList<int> ids) =>
        Encoding.UTF8.GetString([.. ids.SelectMany(i => tokens[i].Length == 0 ? "</s>"u8.ToArray() : tokens[i])]);

    public ReadOnlySpan<byte> BytesOf(int id) => tokens[id];
}
