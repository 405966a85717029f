using BestOfN.Inference.Runtime;
using BestOfN.Inference.Weights;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace BestOfN.Inference.Networks;

/// <summary>From the final hidden state to a reward: one linear layer, or two with a ReLU between. Computed in float32.</summary>
public sealed class RewardHead : IDisposable
{
    // Names in use: InternLM2, transformers, TRL, OpenRLHF, UltraRM.
    private static readonly string[] s_linearNames = ["v_head", "score", "v_head.summary", "value_head", "regression_head"];

    private readonly Tensor _weight;
    private readonly Tensor? _bias;
    private readonly Tensor? _hiddenWeight;
    private readonly Tensor? _hiddenBias;

    private RewardHead(string name, Tensor weight, Tensor? bias, Tensor? hiddenWeight = null, Tensor? hiddenBias = null) =>
        (Name, _weight, _bias, _hiddenWeight, _hiddenBias) = (name, weight, bias, hiddenWeight, hiddenBias);

    /// <summary>The checkpoint's name of the (last) layer, without <c>.weight</c>.</summary>
    public string Name { get; }

    /// <summary>1, or 2 for a step-reward head (incorrect, correct).</summary>
    public int Outputs => (int)_weight.size(0);

    /// <summary>The weight of the last layer, [Outputs, C]; what reward training updates.</summary>
    internal Tensor Weight => _weight;

    /// <summary>A linear head without bias over a weight that the caller made, such as in training.</summary>
    internal static RewardHead Linear(string name, Tensor weight) => new(name, weight, null);

    /// <summary>True where the folder holds a head under any known name.</summary>
    internal static bool IsIn(Checkpoint checkpoint) =>
        checkpoint.Contains("score.0.weight") || s_linearNames.Any(n => checkpoint.Contains(n + ".weight"));

    /// <summary>The names of a head's tensors, whatever it is called.</summary>
    internal static IEnumerable<string> NamesIn(Checkpoint checkpoint) =>
        s_linearNames.Append("score.0").Append("score.2").SelectMany(n => (string[])[n + ".weight", n + ".bias"])
            .Where(checkpoint.Contains);

    /// <param name="checkpoint">Where the head's tensors are.</param>
    /// <param name="hiddenSize">C.</param>
    /// <param name="outputs">1, or 2 for a step-reward head.</param>
    /// <param name="device">Where the network runs.</param>
    /// <exception cref="CheckpointException">No head under any known name, or of another shape.</exception>
    public static RewardHead Load(Checkpoint checkpoint, int hiddenSize, int outputs, Device device)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        Tensor Take(string name, params ReadOnlySpan<long> shape) =>
            checkpoint.Take(name, shape, ScalarType.Float32, device).DetachFromDisposeScope();

        string[] present = [.. s_linearNames.Append("score.0").Where(n => checkpoint.Contains(n + ".weight"))];
        if (present.Length > 1)
        {
            throw new CheckpointException($"{checkpoint.Folder}: reward head: expected one, found {string.Join(" and ", present)}.");
        }

        if (checkpoint.Contains("score.0.weight"))
        {
            var tensors = new List<Tensor>();
            try
            {
                tensors.Add(Take("score.0.weight", hiddenSize, hiddenSize));
                tensors.Add(Take("score.0.bias", hiddenSize));
                tensors.Add(Take("score.2.weight", outputs, hiddenSize));
                tensors.Add(Take("score.2.bias", outputs));
                return new RewardHead("score.2", tensors[2], tensors[3], tensors[0], tensors[1]);
            }
            catch
            {
                tensors.ForEach(t => t.Dispose());
                throw;
            }
        }

        var name = present.FirstOrDefault()
            ?? throw new CheckpointException(
                $"{checkpoint.Folder}: reward head: expected one of {string.Join(", ", s_linearNames)} or score.0 and score.2, "
                + "found none.");
        var weight = Take(name + ".weight", outputs, hiddenSize);
        try
        {
            return new RewardHead(name, weight, checkpoint.Contains(name + ".bias") ? Take(name + ".bias", outputs) : null);
        }
        catch
        {
            weight.Dispose();
            throw;
        }
    }

    /// <summary>Rewards of hidden states.</summary>
    /// <param name="hidden">Final-norm outputs at the pooled tokens, [R, C].</param>
    /// <returns>[R] float32: the raw output, or for two outputs the probability of the second, in 0..1.</returns>
    public Tensor Score(Tensor hidden)
    {
        ArgumentNullException.ThrowIfNull(hidden);
        using var scope = NewDisposeScope();
        var x = hidden.to(ScalarType.Float32);
        if (_hiddenWeight is not null)
        {
            x = F.relu(F.linear(x, _hiddenWeight, _hiddenBias));
        }

        // Row by row: a product would add in another order for another number of rows.
        var logits = x.unsqueeze(1).mul(_weight).sum(-1);                                // [R, Outputs]
        logits = _bias is null ? logits : logits.add(_bias, HeldScalar.One);
        return (Outputs == 1 ? logits.squeeze(-1) : F.softmax(logits, -1).select(-1, 1)).MoveToOuterDisposeScope();
    }

    public void Dispose()
    {
        _weight.Dispose();
        _bias?.Dispose();
        _hiddenWeight?.Dispose();
        _hiddenBias?.Dispose();
    }
}
