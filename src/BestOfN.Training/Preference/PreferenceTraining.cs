using System.Text.Json;
using BestOfN.Data;
using BestOfN.Data.Preferences;
using BestOfN.Data.Sampling;
using BestOfN.Inference.Kernels;
using BestOfN.Inference.Runtime;
using BestOfN.Inference.Weights;
using BestOfN.Inputs.Images;
using BestOfN.Inputs.Tokenizers;
using BestOfN.Training.Loops;
using BestOfN.Training.Optimizers;
using BestOfN.Training.Recipes;
using TorchSharp;
using static TorchSharp.torch;

namespace BestOfN.Training.Preference;

/// <summary>Follows a <see cref="PreferenceRecipe"/>: reads and filters the data, trains, measures, and writes a reward folder.</summary>
/// <remarks>What a step draws and drops out depends on its number alone, so that a training that was stopped goes on as if it had not been.</remarks>
public static class PreferenceTraining
{
    private const string Phase = "pairs";

    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <summary>Trains to the end, from the last checkpoint if there is one, and writes the model.</summary>
    /// <param name="recipe">What to train.</param>
    /// <param name="stateFolder">Where checkpoints lie; <c>data.json</c> there tells how many pairs were kept and dropped, and what was assumed of the base.</param>
    /// <param name="progress">Told after every step.</param>
    /// <param name="cancellationToken">Ends the training within the step under way; the steps before it are saved.</param>
    /// <exception cref="RecipeException">The recipe cannot be followed; the message names the field.</exception>
    /// <exception cref="PreferenceDataException">A data set or picture cannot be read.</exception>
    /// <exception cref="TrainingStoppedException">It was asked to stop, and is saved.</exception>
    /// <exception cref="CheckpointException">The base is not as expected, or what was saved belongs to another recipe.</exception>
    public static TrainingHistory Run(
        PreferenceRecipe recipe, string stateFolder, IProgress<TrainingProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        RecipeException.ThrowIfAny([.. Mistakes(recipe), .. MissingFiles(recipe)]);
        var training = PreferenceData.Load(recipe.Data, recipe.Filters, cancellationToken);
        var heldOut = PreferenceData.Load(recipe.HeldOut, recipe.Filters, cancellationToken);
        TorchRuntime.Load();
        var device = torch.device(recipe.Device);
        using var network = TrainableNetwork.Load(recipe.Base, ComputeTypes.Of(recipe.Type, device), device, recipe.Lora, recipe.Seed);
        AtomicFile.Write(
            Path.Combine(stateFolder, "data.json"),
            JsonSerializer.SerializeToUtf8Bytes(new { Training = Summary(training), HeldOut = Summary(heldOut), network.Assumptions }, s_json));
        var assembly = new ConversationAssembly(TokenizerFiles.Load(recipe.Base), network.RewardTokenId);
        var reader = new PairReader(assembly, network.Pictures?.Configuration, recipe.HdNum, network.Configuration.VocabularySize);
        var history = new Session(recipe, network, reader, training, heldOut).Run(stateFolder, progress, cancellationToken);
        RewardFolder.Write(network, recipe.Output, recipe.HdNum, cancellationToken);
        return history;

        static object Summary(PreferenceData data) => new { WithPictures = data.WithPictures.Count, TextOnly = data.TextOnly.Count, data.Dropped };
    }

    /// <summary>What in the recipe makes no sense, each with its field.</summary>
    internal static IReadOnlyList<string> Mistakes(PreferenceRecipe recipe)
    {
        var mistakes = new List<string>();
        void Expect(bool good, string field, string expected, object? found)
        {
            if (!good)
            {
                mistakes.Add(FormattableString.Invariant($"{field}: expected {expected}, found {found ?? "nothing"}"));
            }
        }

        var t = recipe.Training;
        Expect(recipe.Kind == PreferenceRecipe.Published, "kind", PreferenceRecipe.Published, recipe.Kind);
        Expect(recipe.Device is "cpu" or "cuda", "device", "cpu or cuda", recipe.Device);
        Expect(recipe.Type is "auto" or "float32" or "bfloat16", "type", "auto, float32 or bfloat16", recipe.Type);
        Expect(recipe.Data.Count > 0, "data", "at least one data set", "none");
        Expect(recipe.HeldOut.Count > 0, "held_out", "at least one data set", "none");
        Expect(recipe.HeldOutPairs > 0, "held_out_pairs", "at least 1", recipe.HeldOutPairs);
        Expect(recipe.PicturePairsPerTextPair > 0, "picture_pairs_per_text_pair", "at least 1", recipe.PicturePairsPerTextPair);
        Expect(recipe.MaxLength > 0, "max_length", "at least 1 token", recipe.MaxLength);
        Expect(recipe.HdNum is > 0 and <= 1024, "hd_num", "1..1024 tiles", recipe.HdNum);
        Expect(recipe.Filters.MaxLengthRatio is null or >= 1, "filters.max_length_ratio", "at least 1, or null", recipe.Filters.MaxLengthRatio);
        Expect(recipe.Lora is null or { Rank: > 0 }, "lora.rank", "at least 1", recipe.Lora?.Rank);
        Expect(recipe.Lora is null || recipe.Lora.Alpha is > 0 and < double.PositiveInfinity, "lora.alpha", "a positive number", recipe.Lora?.Alpha);
        Expect(recipe.Lora is null or { Dropout: >= 0 and < 1 }, "lora.dropout", "a share in 0..1, less than 1", recipe.Lora?.Dropout);
        Expect(t.Steps is null or > 0, "training.steps", "at least 1", t.Steps);
        Expect(t.Epochs is > 0 and < 1e6, "training.epochs", "a positive number", t.Epochs);
        Expect(t.Batch > 0, "training.batch", "at least 1", t.Batch);
        Expect(t.PairsAtOnce > 0, "training.pairs_at_once", "at least 1", t.PairsAtOnce);
        Expect(t.LearningRate is > 0 and < 1, "training.learning_rate", "a number in 0..1", t.LearningRate);
        Expect(t.WarmupRatio is >= 0 and <= 1, "training.warmup_ratio", "a share in 0..1", t.WarmupRatio);
        Expect(t.WeightDecay is >= 0 and < 1e3, "training.weight_decay", "0 or more", t.WeightDecay);
        Expect(t.Beta2 is > 0 and < 1, "training.beta2", "a number between 0 and 1", t.Beta2);
        Expect(t.GradientNorm > 0, "training.gradient_norm", "a positive number", t.GradientNorm);
        Expect(t.CheckpointEvery > 0, "training.checkpoint_every", "at least 1 step", t.CheckpointEvery);
        return mistakes;
    }

    private static IEnumerable<string> MissingFiles(PreferenceRecipe recipe)
    {
        if (!Directory.Exists(recipe.Base))
        {
            yield return $"base: there is no folder {recipe.Base}";
        }

        foreach (var (field, sources) in ((string, IReadOnlyList<DataSource>)[])[("data", recipe.Data), ("held_out", recipe.HeldOut)])
        {
            for (var i = 0; i < sources.Count; i++)
            {
                if (!File.Exists(sources[i].Path))
                {
                    yield return $"{field}[{i}].path: there is no file {sources[i].Path}";
                }

                if (sources[i].Images is { } images && !Directory.Exists(images))
                {
                    yield return $"{field}[{i}].images: there is no folder {images}";
                }
            }
        }

        if (!RewardFolder.IsFree(recipe.Output))
        {
            yield return $"output: {recipe.Output}: expected a folder that does not exist or is empty";
        }
    }

    /// <summary>The steps of one run.</summary>
    private sealed class Session(PreferenceRecipe recipe, TrainableNetwork network, PairReader reader, PreferenceData training, PreferenceData heldOut)
    {
        private readonly PreferenceSchedule _schedule = recipe.Training;
        private readonly PairGradient _gradient = new(network, recipe.GradientCheckpointing);
        private readonly DataMix _mix = new(training, recipe.PicturePairsPerTextPair, recipe.Seed);

        public TrainingHistory Run(string stateFolder, IProgress<TrainingProgress>? progress, CancellationToken cancellationToken)
        {
            var fingerprint = RecipeFile.Fingerprint(new { recipe, Training = training.Digest(), HeldOut = heldOut.Digest() });
            using var optimizer = new AdamW(network.Trainable, _schedule.Beta2, _schedule.WeightDecay);
            var state = new TrainingState(stateFolder);
            state.Restore(fingerprint, network.Trainable, optimizer);
            foreach (var (_, weight) in network.Trainable)
            {
                weight.grad = zeros_like(weight, requires_grad: false);   // else a weight that no pair moves would rest until one has, which a resumed training does not remember
            }

            var steps = _schedule.StepsFor(training.Count);
            var (before, begun, time) = (state.Trained, state.Step, TimeProvider.System);
            var (started, saves) = (time.GetTimestamp(), new SavePoints(time));
            var step = state.Step;
            double Running(string name) => state.Running.GetValueOrDefault(name);
            void Add(string name, double value) => state.Running[name] = Running(name) + value;
            try
            {
                while (true)
                {
                    // Also where the training was stopped between a step and its measurement.
                    if (step > 0 && (step % _schedule.CheckpointEvery == 0 || step == steps) && (state.Points.Count == 0 || state.Points[^1].Step < step))
                    {
                        var measured = Measure(cancellationToken);
                        measured["training_accuracy"] = Running("right") / Running("pairs");
                        measured["left_out"] = Running("left_out");
                        state.Points.Add(new TrainingPoint(step, Running("loss") / Running("steps"), measured, (before + time.GetElapsedTime(started)).TotalSeconds));
                        state.Running.Clear();
                        Save();
                    }

                    if (step >= steps)
                    {
                        return new TrainingHistory(state.Losses, state.Points, begun);
                    }

                    if (saves.IsDue)
                    {
                        Save();
                    }

                    var (loss, right, kept) = Step(step, optimizer, _schedule.LearningRateAt(step, steps), cancellationToken);
                    step++;
                    Add("loss", loss);
                    Add("steps", 1);
                    Add("right", right);
                    Add("pairs", kept);
                    Add("left_out", _schedule.Batch - kept);
                    state.Losses.Add(new TrainingLoss(step, loss));
                    progress?.Report(new TrainingProgress(Phase, step, steps, loss, (step - begun) * _schedule.Batch / time.GetElapsedTime(started).TotalSeconds));
                }
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                Save();
                throw new TrainingStoppedException(Phase, step, steps, cancellationToken);
            }

            void Save()
            {
                state.Trained = before + time.GetElapsedTime(started);
                saves.Save(() => state.Save(fingerprint, step, network.Trainable, optimizer));
            }
        }

        // A pair that is too long adds nothing; the mean is over the others.
        private (double Loss, int Right, int Kept) Step(int step, AdamW optimizer, double learningRate, CancellationToken cancellationToken)
        {
            var (loss, right, kept, part) = (0.0, 0, 0, 0);
            var waiting = new List<JudgedPair>();
            for (var i = 0; i < _schedule.Batch; i++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var pair = reader.Read(_mix[((long)step * _schedule.Batch) + i], TilingVariant.Training, cancellationToken);
                if (pair.Length <= recipe.MaxLength)
                {
                    waiting.Add(pair);
                    kept++;
                }

                if (waiting.Count == _schedule.PairsAtOnce || (i == _schedule.Batch - 1 && waiting.Count > 0))
                {
                    using var scope = NewDisposeScope();
                    var outcome = _gradient.Add(PairBatch.Of(waiting, network), _schedule.Batch, new SplitMix64(recipe.Seed, (ulong)step, (ulong)part++).Next());
                    (loss, right) = (loss + outcome.Loss, right + outcome.Right);
                    waiting.Clear();
                }
            }

            if (kept == 0)
            {
                throw new PreferenceDataException($"step {step}: none of the {_schedule.Batch} pairs has at most {recipe.MaxLength} tokens (max_length).");
            }

            if (!double.IsFinite(loss))
            {
                throw new InvalidOperationException($"{Phase}: the loss of step {step} is {loss}; lower the learning rate.");
            }

            if (kept < _schedule.Batch)
            {
                Scale((double)_schedule.Batch / kept);
            }

            optimizer.Step(learningRate, _schedule.GradientNorm);
            return (loss / kept, right, kept);
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

        // With the tiling of inference, as the model will be used.
        private Dictionary<string, double> Measure(CancellationToken cancellationToken)
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
                var outcome = _gradient.Measure(PairBatch.Of([pair], network));
                (loss, right, measured) = (loss + outcome.Loss, right + outcome.Right, measured + 1);
            }

            return measured > 0
                ? new() { ["pair_accuracy"] = (double)right / measured, ["pair_loss"] = loss / measured }
                : throw new PreferenceDataException($"held_out: none of the pairs has at most {recipe.MaxLength} tokens (max_length).");
        }
    }
}
