using BestOfN.Inference.Networks;
using BestOfN.Training.Recipes;
using static TorchSharp.torch;

namespace BestOfN.Training.Pocket;

/// <summary>The reward model that is trained, and a language head that helps it to learn and is not published. Owns its weights.</summary>
internal sealed class PocketRewardModel : IDisposable
{
    /// <param name="recipe">Sizes.</param>
    /// <param name="vocabularySize">Tokens of the vocabulary.</param>
    /// <param name="random">Where the first weights come from.</param>
    public PocketRewardModel(PocketRewardRecipe recipe, int vocabularySize, Generator random)
    {
        var deviation = 1 / Math.Sqrt(recipe.Model.HiddenSize);
        var name = recipe.Vision is null ? "v_head" : "score";   // as the checkpoints of each family call it
        Body = new VisionLanguageDecoder(recipe.Model, recipe.Vision, vocabularySize, random);
        LanguageHead = Initialization.Matrix(vocabularySize, recipe.Model.HiddenSize, deviation, random);
        var score = Initialization.Matrix(1, recipe.Model.HiddenSize, deviation, random);
        Head = RewardHead.Linear(name, score);
        Parameters = [.. Body.Parameters, new(name + ".weight", score)];
    }

    public VisionLanguageDecoder Body { get; }

    public RewardHead Head { get; }

    /// <summary>[V, C].</summary>
    public Tensor LanguageHead { get; }

    /// <summary>Weights of body and reward head by the checkpoint's names.</summary>
    public IReadOnlyList<KeyValuePair<string, Tensor>> Parameters { get; }

    /// <summary>The rewards of all answers, problem by problem, with gradients where they are enabled.</summary>
    /// <returns>[ΣK] float32.</returns>
    public Tensor Rewards(IReadOnlyList<ComparedAnswers> problems)
    {
        using var scope = NewDisposeScope();
        var batch = TokenBatch.Of([.. problems.Select(p => (p.Prompt, p.Answers))]);
        return Head.Score(Body.Forward(batch).index_select(0, tensor(batch.Ends))).MoveToOuterDisposeScope();
    }

    public void Dispose()
    {
        Body.Dispose();
        LanguageHead.Dispose();
        Head.Dispose();
    }
}
