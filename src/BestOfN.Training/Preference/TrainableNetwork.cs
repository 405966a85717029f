using BestOfN.Inference.Kernels;
using BestOfN.Inference.Networks;
using BestOfN.Inference.Networks.Families;
using BestOfN.Inference.Networks.Vision;
using BestOfN.Inference.Weights;
using BestOfN.Training.Recipes;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace BestOfN.Training.Preference;

/// <summary>
/// InternLM-XComposer2.5 with a score, ready to be trained. Owns its weights and the checkpoint they come from; not thread-safe.
/// </summary>
/// <remarks>
/// Vision encoder, projector and separators are frozen. Trained are the score and either all of the language model, Partial LoRA included,
/// or low-rank changes of its linear layers. Trained weights are float32, whatever type is computed in, for small updates would be lost in
/// bfloat16.
/// </remarks>
internal sealed class TrainableNetwork : IDisposable
{
    private const string ScoreName = "score.weight";

    private readonly Decoder _decoder;
    private readonly Decoder _adapted;
    private readonly Adapter[] _adapters;
    private readonly Tensor _score;
    private readonly double _dropout;
    private AdapterDropout? _current;     // of the pass that is computed now

    private TrainableNetwork(
        Checkpoint checkpoint, Decoder decoder, ImageEncoder? images, Adapter[] adapters, Tensor score, ScalarType type, double dropout)
    {
        (Checkpoint, _decoder, ImageEncoder, _adapters, _score, Type, _dropout) =
            (checkpoint, decoder, images, adapters, score, type, dropout);
        _adapted = decoder.With(Adapt, ComputeMode.Training, type);
        Trainable = [.. adapters.Length > 0 ? adapters.SelectMany(a => a.Parameters) : decoder.Parameters, new(ScoreName, score)];
    }

    public Checkpoint Checkpoint { get; }

    /// <summary>Null where the folder holds no vision encoder.</summary>
    public ImageEncoder? ImageEncoder { get; }

    /// <summary>The trained weights, float32, by names that a saved training keeps.</summary>
    public IReadOnlyList<KeyValuePair<string, Tensor>> Trainable { get; }

    public DecoderConfiguration Configuration => _decoder.Configuration;

    /// <summary>Weights of the language model by the checkpoint's names.</summary>
    public IReadOnlyList<KeyValuePair<string, Tensor>> LanguageModel => _decoder.Parameters;

    /// <summary>The type that is computed in.</summary>
    public ScalarType Type { get; }

    public Device Device => _decoder.Device;

    public int Layers => _adapted.Layers.Count;

    public bool EmbeddingIsTrained => _adapters.Length == 0;

    /// <summary>The token read for the reward.</summary>
    public required int RewardTokenId { get; init; }

    /// <summary>What fills up shorter rows.</summary>
    public required int PadId { get; init; }

    /// <summary>What the folder does not say and was taken from the published code.</summary>
    public required IReadOnlyList<string> Assumptions { get; init; }

    /// <param name="folder">The base model or a reward model made of it, in the published layout.</param>
    /// <param name="type">What to compute in.</param>
    /// <param name="device">Where.</param>
    /// <param name="lora">Null: all of the language model is trained.</param>
    /// <param name="seed">Decides fresh weights.</param>
    /// <exception cref="CheckpointException">The folder is not as expected; nothing stays loaded.</exception>
    public static TrainableNetwork Load(string folder, ScalarType type, Device device, LowRankAdaptation? lora, ulong seed)
    {
        var configuration = ModelConfiguration.Load(folder);
        var family = DecoderFamilies.Of(configuration, NetworkLoader.RewardModels);
        if (!InternLMXComposer2.Is(family))
        {
            throw new CheckpointException(
                $"{configuration.FilePath}: architectures: expected {family.Prefix}… of InternLM-XComposer2, found "
                + $"{configuration.Architecture}.");
        }

        var checkpoint = Checkpoint.Open(folder);
        var owned = new List<IDisposable> { checkpoint };
        try
        {
            var assumptions = new List<string>();
            var sizes = InternLMXComposer2.WithPartialLora(family.Read(configuration), configuration, checkpoint, assumptions);
            var images = InternLMXComposer2.LoadImageEncoder(configuration, sizes, checkpoint, type, device, assumptions);
            if (images is not null)
            {
                owned.Add(images);
            }

            Tensor Own(string name, ReadOnlySpan<long> shape)
            {
                using var stored = checkpoint.Take(name, shape, ScalarType.Float32, device);
                return stored.clone().requires_grad_(true).DetachFromDisposeScope();   // not the mapping, which is not to be written to
            }

            var decoder = DecoderLoader.Load(family, sizes,
                (name, shape) => lora is null ? Own(name, shape) : checkpoint.Take(name, shape, type, device), mode: ComputeMode.Training);
            owned.Add(decoder);
            using var random = new Generator(seed, CPU);
            var score = checkpoint.Contains(ScoreName)
                ? Own(ScoreName, [1, sizes.HiddenSize])
                : Fresh(sizes.HiddenSize, configuration.Number("initializer_range", 0.02), random, device);
            owned.Add(score);
            var adapters = lora is null ? [] : Adapters(family, sizes, decoder, lora, random, device);
            owned.AddRange(adapters);
            return new TrainableNetwork(checkpoint, decoder, images, adapters, score, type, lora?.Dropout ?? 0)
            {
                RewardTokenId = configuration.TokenId("reward_token_id") ?? family.RewardTokenId!.Value,
                PadId = configuration.TokenId("pad_token_id") ?? 2,
                Assumptions = assumptions,
            };
        }
        catch
        {
            for (var i = owned.Count - 1; i >= 0; i--)
            {
                owned[i].Dispose();
            }

            throw;
        }
    }

    /// <summary>What all layers of a pass over the batch share; its tensors belong to the scope it is made in.</summary>
    /// <param name="batch">The pairs.</param>
    /// <param name="dropout">Names the pass, whose dropout nothing else shares; null: nothing is dropped.</param>
    public LayerInputs Begin(PairBatch batch, ulong? dropout)
    {
        var (cos, sin) = _decoder.Rotary.Angles(batch.Positions, Type, batch.Length);
        var images = Configuration.PartialLoraRank == 0 ? null : ImageRows.Of(batch.Images, batch.Ids.size(0), ComputeMode.Training);
        return new LayerInputs(
            cos, sin, new BatchedAttention(2 * batch.Pairs), images,
            dropout is { } pass && _adapters.Length > 0 ? new AdapterDropout(_dropout, pass) : null);
    }

    /// <returns>[2·P·T, C], owned by the caller's dispose scope.</returns>
    public Tensor Embed(PairBatch batch) => _adapted.Embed(batch.Ids, batch.Images);

    /// <summary>One decoder layer.</summary>
    public Tensor Layer(int index, Tensor h, LayerInputs pass)
    {
        _current = pass.Dropout;
        return _adapted.Layers[index]
            .Forward(Configuration, index, h, pass.Cos, pass.Sin, pass.Attention, DecoderOutput.All, pass.Images)!;
    }

    /// <summary>Final norm and score at the tokens that are read.</summary>
    /// <returns>[2·P] float32, owned by the caller's dispose scope.</returns>
    public Tensor Score(Tensor h, Tensor ends)
    {
        using var scope = NewDisposeScope();
        var hidden = Operators.RmsNorm(h.index_select(0, ends), _decoder.Norm, Configuration.NormEpsilon, ComputeMode.Training);
        return F.linear(hidden.to(ScalarType.Float32), _score).squeeze(-1).MoveToOuterDisposeScope();
    }

    /// <summary>A tensor as it is after training, by the checkpoint's name; the caller disposes it.</summary>
    public Tensor Trained(string name)
    {
        if (name == ScoreName)
        {
            return _score.alias();
        }

        if (_adapters.Length == 0)
        {
            return _decoder.Parameters.Where(p => p.Key == name).Select(p => p.Value.alias()).FirstOrDefault() ?? Checkpoint.Map(name);
        }

        var stored = Checkpoint.Map(name);
        if (_adapters.FirstOrDefault(a => a.Layer + ".weight" == name) is not { } adapter)
        {
            return stored;
        }

        using (stored)
        {
            return adapter.Merged(stored);
        }
    }

    public void Dispose()
    {
        foreach (var adapter in _adapters)
        {
            adapter.Dispose();
        }

        _score.Dispose();
        _adapted.Dispose();
        _decoder.Dispose();
        ImageEncoder?.Dispose();
        Checkpoint.Dispose();
    }

    // Adapters stand layer by layer in the order wqkv, wo, w1, w2, w3; dropout is drawn by this place.
    private AdaptedProjection Adapt(int layer, ProjectionKind kind, Projection projection)
    {
        const int PerLayer = 5;
        int[] places = kind switch
        {
            ProjectionKind.QueryKeyValue => [0],
            ProjectionKind.Output => [1],
            ProjectionKind.GateUp => [2, 4],
            _ => [3],
        };
        return new((PlainProjection)projection, _adapters.Length == 0 ? [] :
            [.. places.Select(
                place => new AdaptedProjection.Change(_adapters[(layer * PerLayer) + place], x => _current?.Apply(x, layer, place) ?? x))]);
    }

    private static Adapter[] Adapters(
        DecoderFamily family, DecoderConfiguration c, Decoder decoder, LowRankAdaptation lora, Generator random, Device device)
    {
        var shapes = decoder.Parameters.ToDictionary(p => p.Key, p => p.Value.shape);
        string[] places = [family.FusedQueryKeyValue!, family.AttentionOutput, family.Gate, family.Down, family.Up];
        return
        [
            .. Enumerable.Range(0, c.Layers)
                .SelectMany(i => places.Select(p => p.Replace(
                    "{i}", i.ToString(System.Globalization.CultureInfo.InvariantCulture), StringComparison.Ordinal)))
                .Select(name => new Adapter(name, shapes[name + ".weight"][0], shapes[name + ".weight"][1], lora, random, device)),
        ];
    }

    private static Tensor Fresh(int hidden, double deviation, Generator random, Device device)
    {
        using var scope = NewDisposeScope();
        using TorchSharp.Scalar held = deviation;
        return (randn(1, hidden, generator: random) * held).to(device).requires_grad_(true).DetachFromDisposeScope();
    }
}
