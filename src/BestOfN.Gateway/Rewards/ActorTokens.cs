using System.Text;
using BestOfN.Gateway.Errors;
using BestOfN.Inputs.Tokenizers;

namespace BestOfN.Gateway.Rewards;

/// <summary>Spells the token ids of the model in training out, special tokens included.</summary>
internal sealed class ActorTokens(ITokenizer tokenizer)
{
    private readonly Dictionary<int, string> _special = tokenizer.SpecialTokens.Where(token => tokenizer.BytesOf(token.Value).IsEmpty)
        .GroupBy(token => token.Value).ToDictionary(token => token.Key, token => token.First().Key);

    /// <param name="ids">The ids.</param>
    /// <param name="source">Where they stand in the request.</param>
    /// <exception cref="ApiException">An id is not in the vocabulary.</exception>
    public string Spell(IReadOnlyList<int> ids, string source)
    {
        if (ids.Any(id => id < 0 || id >= tokenizer.VocabularySize))
        {
            throw ApiException.Invalid(
                $"'{source}' holds ids outside 0..{tokenizer.VocabularySize - 1}, the vocabulary of ActorTokenizer.", source,
                    "out_of_range");
        }

        var text = new StringBuilder();
        var ordinary = new List<int>();
        foreach (var id in ids)
        {
            if (_special.TryGetValue(id, out var spelling))
            {
                Flush();
                text.Append(spelling);
            }
            else
            {
                ordinary.Add(id);
            }
        }

        Flush();
        return text.ToString();

        void Flush()
        {
            if (ordinary.Count > 0)
            {
                var piece = tokenizer.Decode(ordinary);
                text.Append(piece);
                ordinary.Clear();
            }
        }
    }
}
