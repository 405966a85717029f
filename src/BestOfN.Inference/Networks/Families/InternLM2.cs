using System.Text.RegularExpressions;
using BestOfN.Inference.Weights;
using BestOfN.Inputs.Tokenizers;

namespace BestOfN.Inference.Networks.Families;

/// <summary>InternLM2 and its reward models: one fused projection. Layout: https://huggingface.co/internlm/internlm2-7b-reward.</summary>
internal static partial class InternLM2
{
    public static DecoderFamily Family { get; } = new()
    {
        Prefix = "InternLM2",
        ModelTypes = ["internlm2", "internlm"],
        PublishedAsCode = true,
        Embedding = "model.tok_embeddings",
        AttentionNorm = "model.layers.{i}.attention_norm",
        FeedForwardNorm = "model.layers.{i}.ffn_norm",
        FusedQueryKeyValue = "model.layers.{i}.attention.wqkv",
        AttentionOutput = "model.layers.{i}.attention.wo",
        Gate = "model.layers.{i}.feed_forward.w1",
        Up = "model.layers.{i}.feed_forward.w3",
        Down = "model.layers.{i}.feed_forward.w2",
        LanguageHead = "output",
        RewardTokenId = 92_527,   // [UNUSED_TOKEN_130], also written <|reward|>
        DefaultNormEpsilon = null,
        DefaultRopeTheta = null,
        BiasFields = ["bias"],
        Biases = c => (c.Flag("bias", true), c.Flag("bias", true), false),   // the published code's default is true
    };

    /// <summary>
    /// Refuses POLAR: it compares an answer with a reference answer, which the prompts here do not have; without one its score means
    /// nothing.
    /// </summary>
    /// <remarks>
    /// The architecture is that of InternLM2-Reward. POLAR's tokenizer has a token between the two conversations beside the reward token,
    /// both published under the name <c>&lt;|reward|&gt;</c>: https://huggingface.co/internlm/POLAR-7B/blob/main/tokenizer_config.json.
    /// </remarks>
    /// <exception cref="CheckpointException">The folder holds a POLAR model.</exception>
    public static void RefusePolar(ModelConfiguration c, ITokenizer tokenizer)
    {
        if (c.Architecture != "InternLM2ForRewardModel")
        {
            return;
        }

        var reward = c.TokenId("reward_token_id") ?? Family.RewardTokenId;
        var folder = Path.GetFileName(Path.GetDirectoryName(Path.GetFullPath(c.FilePath)));
        var sign = tokenizer.SpecialTokens.TryGetValue("<|reward|>", out var separator) && separator != reward
            ? $"its tokenizer separates conversations by <|reward|> ({separator})"
            : PolarName().IsMatch(c.Text("_name_or_path") ?? "") ? "_name_or_path names it"
            : PolarName().IsMatch(folder ?? "") ? "the folder is named so"
            : null;
        if (sign is not null)
        {
            throw new CheckpointException(
                $"{c.FilePath}: expected a reward model that judges an answer alone, found POLAR, which needs a reference answer beside "
                + $"it: {sign}.");
        }
    }

    [GeneratedRegex("(?<![a-z])polar(?![a-z])|/rm_pretrain/", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex PolarName();
}
