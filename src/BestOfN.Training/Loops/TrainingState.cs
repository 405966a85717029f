using System.Text.Json;
using BestOfN.Data;
using BestOfN.Inference.Weights;
using BestOfN.Inputs.Records;
using BestOfN.Training.Optimizers;
using static TorchSharp.torch;

namespace BestOfN.Training.Loops;

/// <summary>A training that can be stopped by pulling the plug and goes on where it last saved.</summary>
/// <remarks>A folder per saved step; the one named in <c>state.json</c>, which is replaced atomically and last, is the valid one.</remarks>
internal sealed class TrainingState(string folder)
{
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    private string StateFile => Path.Combine(folder, "state.json");

    /// <summary>What was measured so far.</summary>
    public List<TrainingPoint> Points { get; private set; } = [];

    /// <summary>Mean losses of short stretches of steps.</summary>
    public List<TrainingLoss> Losses { get; private set; } = [];

    /// <summary>Steps done.</summary>
    public int Step { get; private set; }

    /// <summary>Sums since the last checkpoint by their names, which go on where a training was stopped.</summary>
    public Dictionary<string, double> Running { get; private set; } = [];

    /// <summary>Time trained, interruptions not counted.</summary>
    public TimeSpan Trained { get; set; }

    /// <summary>Puts weights and optimizer as they were when last saved; false where nothing was.</summary>
    /// <exception cref="CheckpointException">What was saved belongs to another recipe or is damaged.</exception>
    public bool Restore(string fingerprint, IReadOnlyList<KeyValuePair<string, Tensor>> parameters, IOptimizer optimizer)
    {
        if (!File.Exists(StateFile))
        {
            return false;
        }

        Saved saved;
        try
        {
            saved = JsonSerializer.Deserialize<Saved>(File.ReadAllBytes(StateFile), s_json) ?? throw new CheckpointException($"{StateFile}: empty.");
        }
        catch (JsonException e)
        {
            throw new CheckpointException($"{StateFile}: {JsonText.Describe(e)}; delete {folder} to start anew.", e);
        }

        if (saved.Fingerprint != fingerprint)
        {
            throw new CheckpointException($"{StateFile}: belongs to another version of the recipe ({saved.Fingerprint}, now {fingerprint}); delete {folder} to start anew.");
        }

        using var file = SafetensorsFile.Open(Path.Combine(folder, WeightsName(saved.Step)));
        using var guard = no_grad();
        foreach (var (name, tensor) in parameters.Concat(optimizer.Moments))
        {
            using var value = file.Map(file.Tensors[name]);
            tensor.copy_(value);
        }

        (Step, Points, Losses, Running) = (saved.Step, [.. saved.Points], [.. saved.Losses ?? []], saved.Running ?? []);
        Trained = TimeSpan.FromSeconds(saved.Seconds ?? (saved.Points.Count > 0 ? saved.Points[^1].Seconds : 0));
        optimizer.Steps = saved.Step;
        return true;
    }

    public void Save(string fingerprint, int step, IReadOnlyList<KeyValuePair<string, Tensor>> parameters, IOptimizer optimizer)
    {
        Directory.CreateDirectory(folder);
        SafetensorsWriter.Write(Path.Combine(folder, WeightsName(step)), parameters.Concat(optimizer.Moments), ScalarType.Float32);
        AtomicFile.Write(StateFile, JsonSerializer.SerializeToUtf8Bytes(new Saved(fingerprint, step, Points, Losses, Running, Trained.TotalSeconds), s_json));
        foreach (var old in Directory.EnumerateFiles(folder, "step-*.safetensors").Where(f => Path.GetFileName(f) != WeightsName(step)))
        {
            File.Delete(old);
        }

        Step = step;
    }

    private static string WeightsName(int step) => $"step-{step:D7}.safetensors";

    private sealed record Saved(
        string Fingerprint,
        int Step,
        IReadOnlyList<TrainingPoint> Points,
        IReadOnlyList<TrainingLoss>? Losses,
        Dictionary<string, double>? Running = null,
        double? Seconds = null);
}
