using System.Text.Json;
using BestOfN.Data.Preferences;
using BestOfN.Data.Sampling;
using BestOfN.Data;
using BestOfN.Inference.Runtime;
using BestOfN.Inputs.Files;
using BestOfN.Inputs.Images;
using BestOfN.Inputs.Tokenizers;
using BestOfN.Training.Loops;
using BestOfN.Training.Optimizers;
using BestOfN.Training.Recipes;
using TorchSharp;
using static TorchSharp.torch;

namespace BestOfN.Training.Preference;

/// <summary>
/// Trains a published model on preference pairs: reads and filters the data, trains, measures, and writes a reward model's folder.
/// </summary>
internal sealed class PreferenceTraining(PreferenceRecipe recipe, string stateFolder)
{
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    public TrainingHistory Run(IProgress<TrainingProgress>? progress, CancellationToken cancellationToken)
    {
        var training = PreferenceData.Load(recipe.Data, recipe.Filters, cancellationToken);
        var heldOut = PreferenceData.Load(recipe.HeldOut, recipe.Filters, cancellationToken);
        var device = torch.device(recipe.Device);
        using var network = TrainableNetwork.Load(recipe.Base, ComputeTypes.Of(recipe.Type, device), device, recipe.Lora, recipe.Seed);
        Describe(training, heldOut, network.Assumptions);

        var assembly = new ConversationAssembly(TokenizerFiles.Load(recipe.Base), network.RewardTokenId);
        var reader = new PairReader(assembly, network.ImageEncoder?.Configuration, recipe.HdNum, network.Configuration.VocabularySize);
        var pairs = new PairGradient(network, recipe.GradientCheckpointing);
        var schedule = recipe.Training with { Steps = recipe.Training.StepsFor(training.Count) };
        using var optimizer = new AdamW(network.Trainable, schedule.Beta2, schedule.WeightDecay);
        var gradient =
            new AccumulatedGradient(recipe, network, pairs, reader, new DataMix(training, recipe.PicturePairsPerTextPair, recipe.Seed));
        var loop = new TrainingLoop("pairs", schedule, optimizer, gradient, stateFolder);
        var fingerprint = RecipeFile.Fingerprint(new { recipe, Training = training.Digest(), HeldOut = heldOut.Digest() });
        var history = loop.Run(
            fingerprint, (counted, token) => Measure(counted, heldOut, network, pairs, reader, token), progress, cancellationToken);

        WholeFolder.Write(recipe.Output, folder => RewardModelFiles.Write(network, folder, recipe.HdNum, cancellationToken));
        return history;
    }

    // How many pairs were kept and dropped, and what was assumed of the base.
    private void Describe(PreferenceData training, PreferenceData heldOut, IReadOnlyList<string> assumptions)
    {
        static object Summary(PreferenceData data) =>
            new { WithPictures = data.WithPictures.Count, TextOnly = data.TextOnly.Count, data.Dropped };
        var description = new { Training = Summary(training), HeldOut = Summary(heldOut), Assumptions = assumptions };
        AtomicFile.Write(Path.Combine(stateFolder, "data.json"), JsonSerializer.SerializeToUtf8Bytes(description, s_json));
    }

    // Tiles images as inference does, because the model will be used so.
    private Dictionary<string, double> Measure(
        IReadOnlyDictionary<string, double> counted,
        PreferenceData heldOut,
        TrainableNetwork network,
        PairGradient pairs,
        PairReader reader,
        CancellationToken cancellationToken)
    {
        PreferencePair[] all = [.. heldOut.WithPictures, .. heldOut.TextOnly];
        var (loss, right, measured) = (0.0, 0, 0);
        foreach (var index in new ShuffledSampler(all.Length, recipe.Seed).Batch(0, Math.Min(recipe.HeldOutPairs, all.Length)))
        {
            cancellationToken.ThrowIfCancellationRequested();
            var pair = reader.Read(all[index], TilingVariant.Inference, cancellationToken);
            if (pair.Length > recipe.MaxLength)
            {
                continue;
            }

            using var scope = NewDisposeScope();
            var outcome = pairs.Measure(PairBatch.Of([pair], network));
            (loss, right, measured) = (loss + outcome.Loss, right + outcome.Right, measured + 1);
        }

        if (measured == 0)
        {
            throw new PreferenceDataException($"held_out: none of the pairs has at most {recipe.MaxLength} tokens (max_length).");
        }

        return new()
        {
            ["pair_accuracy"] = (double)right / measured,
            ["pair_loss"] = loss / measured,
            ["training_accuracy"] = counted[AccumulatedGradient.Right] / counted[AccumulatedGradient.Kept],
            ["left_out"] = counted[AccumulatedGradient.LeftOut],
        };
    }
}
