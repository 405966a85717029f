using System.Text.Json;
using BestOfN.Data;
using BestOfN.Inference.Weights;
using BestOfN.Inputs.Records;
using BestOfN.Training.Optimizers;
using static TorchSharp.torch;

namespace BestOfN.Training.Loops;

/// <summary>How far a training is, on disk too: it can be stopped by pulling the plug and goes on where it was last saved.</summary>
/// <remarks>
/// There is a file of weights per saved step; the one named in <c>state.json</c>, which is replaced atomically and last, is the valid one.
/// </remarks>
/// <param name="folder">Where it lies.</param>
/// <param name="fingerprint">Identity of recipe and data.</param>
/// <param name="steps">Steps in all.</param>
/// <param name="optimizer">Has the weights and what it remembers of them.</param>
/// <param name="memory">Further numbers that steps depend on.</param>
/// <param name="time">The clock.</param>
internal sealed class TrainingState(
    string folder, string fingerprint, int steps, IOptimizer optimizer, IDictionary<string, double> memory, TimeProvider time)
{
    // Enough for a plot, few enough for a state that is written again and again.
    private const int LossesToKeep = 200;

    // Sums since the last checkpoint.
    private const string Loss = "loss";
    private const string Steps = "steps";

    // Sums since the last entry of Losses.
    private const string RecentLoss = "recent_loss";
    private const string RecentSteps = "recent_steps";

    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    private Dictionary<string, double> _sums = [];
    private Dictionary<string, double> _counts = [];
    private List<TrainingPoint> _points = [];
    private List<TrainingLoss> _losses = [];
    private TimeSpan _before;
    private long _started = time.GetTimestamp();

    /// <summary>Steps done.</summary>
    public int Step { get; private set; }

    /// <summary>Sums of <see cref="StepOutcome.Counts"/> since the last checkpoint.</summary>
    public IReadOnlyDictionary<string, double> Counts => _counts;

    /// <summary>What was measured so far.</summary>
    public IReadOnlyList<TrainingPoint> Points => _points;

    /// <summary>Mean losses of short stretches of steps.</summary>
    public IReadOnlyList<TrainingLoss> Losses => _losses;

    /// <summary>Whether there is a measurement of the weights as they are.</summary>
    public bool IsMeasured => _points.Count > 0 && _points[^1].Step == Step;

    /// <summary>Whether all that was done is on disk.</summary>
    public bool IsSaved { get; private set; } = true;

    private string StateFile => Path.Combine(folder, "state.json");

    // Interruptions do not count.
    private TimeSpan Trained => _before + time.GetElapsedTime(_started);

    /// <summary>Puts weights and optimizer as they were when last saved, if they were.</summary>
    /// <exception cref="CheckpointException">What was saved belongs to another recipe or is damaged.</exception>
    public void Restore()
    {
        if (!File.Exists(StateFile))
        {
            return;
        }

        Saved saved;
        try
        {
            saved = JsonSerializer.Deserialize<Saved>(File.ReadAllBytes(StateFile), s_json)
                ?? throw new CheckpointException($"{StateFile}: empty.");
        }
        catch (JsonException e)
        {
            throw new CheckpointException($"{StateFile}: {JsonText.Describe(e)}; delete {folder} to start anew.", e);
        }

        if (saved.Fingerprint != fingerprint)
        {
            throw new CheckpointException(
                $"{StateFile}: belongs to another version of the recipe ({saved.Fingerprint}, now {fingerprint}); delete {folder} to "
                    + "start anew.");
        }

        using var file = SafetensorsFile.Open(Path.Combine(folder, WeightsName(saved.Step)));
        using var guard = no_grad();
        foreach (var (name, tensor) in optimizer.Parameters.Concat(optimizer.Moments))
        {
            using var value = file.Map(file.Tensors[name]);
            tensor.copy_(value);
        }

        (Step, _points, _losses, _sums, _counts) = (saved.Step, saved.Points, saved.Losses, saved.Sums, saved.Counts);
        (_before, _started) = (TimeSpan.FromSeconds(saved.Seconds), time.GetTimestamp());
        optimizer.Steps = saved.Updates ?? saved.Step;
        memory.Clear();
        foreach (var (name, value) in saved.Memory ?? [])
        {
            memory[name] = value;
        }
    }

    public void AddStep(StepOutcome outcome)
    {
        Step++;
        IsSaved = false;
        Add(_sums, Loss, outcome.Loss);
        Add(_sums, Steps, 1);
        Add(_sums, RecentLoss, outcome.Loss);
        Add(_sums, RecentSteps, 1);
        foreach (var (name, count) in outcome.Counts ?? new Dictionary<string, double>())
        {
            Add(_counts, name, count);
        }

        if (Step % Math.Max(1, steps / LossesToKeep) == 0)
        {
            _losses.Add(new TrainingLoss(Step, Mean(RecentLoss, RecentSteps)));
        }
    }

    public void AddPoint(IReadOnlyDictionary<string, double> heldOut)
    {
        _points.Add(new TrainingPoint(Step, Mean(Loss, Steps), heldOut, Trained.TotalSeconds));
        _counts.Clear();
        IsSaved = false;
    }

    public void Save()
    {
        Directory.CreateDirectory(folder);
        SafetensorsWriter.Write(
            Path.Combine(folder, WeightsName(Step)), optimizer.Parameters.Concat(optimizer.Moments), ScalarType.Float32);
        var saved = new Saved(fingerprint, Step, _points, _losses, _sums, _counts, Trained.TotalSeconds,
            optimizer.Steps, new Dictionary<string, double>(memory));
        AtomicFile.Write(StateFile, JsonSerializer.SerializeToUtf8Bytes(saved, s_json));
        foreach (var old in Directory.EnumerateFiles(folder, "step-*.safetensors").Where(f => Path.GetFileName(f) != WeightsName(Step)))
        {
            File.Delete(old);
        }

        IsSaved = true;
    }

    private static void Add(Dictionary<string, double> sums, string name, double value) =>
        sums[name] = sums.GetValueOrDefault(name) + value;

    // Begins the two sums anew.
    private double Mean(string sum, string count)
    {
        var mean = _sums[sum] / _sums[count];
        (_sums[sum], _sums[count]) = (0, 0);
        return mean;
    }

    private static string WeightsName(int step) => $"step-{step:D7}.safetensors";

    private sealed record Saved(
        string Fingerprint,
        int Step,
        List<TrainingPoint> Points,
        List<TrainingLoss> Losses,
        Dictionary<string, double> Sums,
        Dictionary<string, double> Counts,
        double Seconds,
        int? Updates,
        Dictionary<string, double>? Memory);
}
