using System.Globalization;
using BestOfN.Core.Prompts;
using BestOfN.Inputs.Templates;
using BestOfN.Inputs.Tokenizers;

namespace BestOfN.Benchmarks.Images;

/// <summary>Texts that are token ids, written as numbers: a random model has no language.</summary>
internal sealed class NumberTokenizer(int vocabularySize) : ITokenizer
{
    public int VocabularySize => vocabularySize;

    public int? BosId => null;

    public int? EosId => null;

    public int? PadId => null;

    public IReadOnlyDictionary<string, int> SpecialTokens { get; } = new Dictionary<string, int>();

    public static string Text(IEnumerable<int> ids) => string.Join(' ', ids.Select(id => id.ToString(CultureInfo.InvariantCulture)));

    /// <summary>A chat template that adds nothing.</summary>
    public IReadOnlyList<int> Render(IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt) =>
        [.. messages.SelectMany(m => m.Parts).SelectMany(p => p is ImageIdsPart image ? image.Ids : Encode(((TextPart)p).Text))];

    public IReadOnlyList<int> Encode(string text) =>
        [.. text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(n => int.Parse(n, CultureInfo.InvariantCulture))];

    public string Decode(IReadOnlyList<int> ids) => Text(ids);

    public ReadOnlySpan<byte> BytesOf(int id) => [];
}
