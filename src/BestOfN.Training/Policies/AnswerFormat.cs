using BestOfN.Models.Generation;
using BestOfN.Models.Templates;
using BestOfN.Models.Tokenizers;
using BestOfN.Training.Worlds;

namespace BestOfN.Training.Policies;

/// <summary>How problems and answers of a world become tokens, in the chat form that the models will see in use.</summary>
internal sealed class AnswerFormat
{
    /// <summary>Tokens that any answer of the world fits into, its end token included.</summary>
    public const int LongestAnswer = 40;

    private readonly ITokenizer _tokenizer;
    private readonly ChatTemplate _template;
    private readonly int _end;

    public AnswerFormat(ITokenizer tokenizer, ChatTemplate template)
    {
        (_tokenizer, _template, _end) = (tokenizer, template, tokenizer.SpecialTokens["<|im_end|>"]);
        RewardToken = tokenizer.SpecialTokens["<|reward|>"];
        EndTokens = [_end, tokenizer.EosId!.Value];
    }

    public IReadOnlyCollection<int> EndTokens { get; }

    public int RewardToken { get; }

    /// <summary>Token ids for config.json.</summary>
    public IReadOnlyDictionary<string, int> ConfigTokens => new Dictionary<string, int>
    {
        ["bos_token_id"] = _tokenizer.BosId!.Value,
        ["eos_token_id"] = _end,
        ["pad_token_id"] = _tokenizer.EosId!.Value,
    };

    /// <summary>Everything up to where the answer begins.</summary>
    public IReadOnlyList<int> Prompt(Problem problem) => _template.Encode(problem.ToPrompt().Messages, addGenerationPrompt: true);

    /// <summary>An answer and the token that ends it.</summary>
    public IReadOnlyList<int> Answer(string text) => [.. _tokenizer.Encode(text), _end];

    /// <summary>An answer as the reward model reads it: its end, the line break of the template, the reward token.</summary>
    public IReadOnlyList<int> Judged(string text) => [.. Answer(text), .. _tokenizer.Encode("\n"), RewardToken];

    public string Text(BulkSample answer) => _tokenizer.Decode(answer.Ids);
}
