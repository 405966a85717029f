using BestOfN.Data.Preferences;
using BestOfN.Data.Sampling;
using BestOfN.Inputs.Images;
using BestOfN.Training.Loops;
using BestOfN.Training.Recipes;
using static TorchSharp.torch;

namespace BestOfN.Training.Preference;

/// <summary>The gradient of a batch of pairs, added up over parts that fit into memory.</summary>
/// <remarks>
/// The number of a step alone decides what it draws and drops out. A pair that is too long adds nothing; the mean is over the others.
/// </remarks>
/// <param name="recipe">Sizes of batch and parts, and the longest pair.</param>
/// <param name="network">The network that is trained.</param>
/// <param name="pairs">The gradient of a part.</param>
/// <param name="reader">Turns pairs into tokens.</param>
/// <param name="mix">The order of the pairs.</param>
internal sealed class AccumulatedGradient(
    PreferenceRecipe recipe, TrainableNetwork network, PairGradient pairs, PairReader reader, DataMix mix) : IGradient
{
    /// <summary>Counts pairs whose chosen answer had the higher reward.</summary>
    public const string Right = "right";

    /// <summary>Counts pairs that were learned from.</summary>
    public const string Kept = "pairs";

    /// <summary>Counts pairs that were too long.</summary>
    public const string LeftOut = "left_out";

    private readonly int _batch = recipe.Training.Batch;

    public StepOutcome Add(int step, CancellationToken cancellationToken)
    {
        var (loss, right, kept, parts) = (0.0, 0, 0, 0);
        var waiting = new List<JudgedPair>();
        for (var i = 0; i < _batch; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var pair = reader.Read(mix[((long)step * _batch) + i], TilingVariant.Training, cancellationToken);
            if (pair.Length <= recipe.MaxLength)
            {
                waiting.Add(pair);
                kept++;
            }

            if (waiting.Count == recipe.PairsAtOnce || (i == _batch - 1 && waiting.Count > 0))
            {
                using var scope = NewDisposeScope();
                var dropout = new SplitMix64(recipe.Seed, (ulong)step, (ulong)parts++).Next();
                var outcome = pairs.Add(PairBatch.Of(waiting, network), _batch, dropout);
                (loss, right) = (loss + outcome.Loss, right + outcome.Right);
                waiting.Clear();
            }
        }

        if (kept == 0)
        {
            throw new PreferenceDataException(
                $"step {step}: none of the {_batch} pairs has at most {recipe.MaxLength} tokens (max_length).");
        }

        if (kept < _batch)
        {
            Scale((double)_batch / kept);
        }

        return new StepOutcome(loss / kept, new Dictionary<string, double> { [Right] = right, [Kept] = kept, [LeftOut] = _batch - kept });
    }

    private void Scale(double factor)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        using TorchSharp.Scalar held = factor;
        foreach (var (_, weight) in network.Trainable)
        {
            weight.grad?.mul_(held);
        }
    }
}
