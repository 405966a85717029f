using System.Globalization;
using BestOfN.Inference.Kernels;
using BestOfN.Inference.Networks;
using BestOfN.Inference.Networks.Families;
using BestOfN.Inference.Networks.Vision;
using BestOfN.Inference.Weights;
using BestOfN.Training.Pocket;
using BestOfN.Training.Preference;
using BestOfN.Training.Recipes;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace BestOfN.Training.Policy;

/// <summary>A decoder with a head over prompts and their answers: a policy, its frozen reference, or a critic. Owns its weights.</summary>
/// <remarks>
/// Trained weights are float32 whatever is computed in. Passes may run on several threads, for they share nothing but weights; weights must
/// not be moved meanwhile.
/// </remarks>
internal sealed class PolicyNetwork : IDisposable
{
    private readonly DecoderFamily _family;
    private readonly Checkpoint _checkpoint;
    private readonly Decoder _decoder;
    private readonly Decoder _computed;
    private readonly Tensor _head;
    private readonly Adapter[] _adapters;
    private readonly Dictionary<string, Tensor> _weights;
    private readonly ScalarType _type;
    private readonly bool _trainsVision;

    private PolicyNetwork(
        DecoderFamily family, Checkpoint checkpoint, Decoder decoder, ImageEncoder? images, KeyValuePair<string, Tensor> head,
        Adapter[] adapters, ScalarType type, bool isTrained, bool trainsVision)
    {
        (_family, _checkpoint, _decoder, ImageEncoder, _adapters, _type) = (family, checkpoint, decoder, images, adapters, type);
        (_head, HeadName, _trainsVision) = (head.Value, head.Key, trainsVision);
        _computed = decoder.With(Adapt, ComputeMode.Training, type);
        _weights = decoder.Parameters.Concat(images?.Parameters ?? []).ToDictionary();
        _weights.TryAdd(HeadName, _head);
        Trainable = !isTrained ? []
            : adapters.Length > 0 ? [.. adapters.SelectMany(a => a.Parameters)]
            : [.. _weights.Where(w => w.Value.requires_grad).OrderBy(w => w.Key, StringComparer.Ordinal)];
    }

    /// <summary>Reads images; null where the model sees text only.</summary>
    public ImageEncoder? ImageEncoder { get; }

    /// <summary>The trained weights by name; empty where the network is frozen.</summary>
    public IReadOnlyList<KeyValuePair<string, Tensor>> Trainable { get; }

    public DecoderConfiguration Configuration => _decoder.Configuration;

    public required string Architecture { get; init; }

    /// <summary>Most tiles of an image.</summary>
    public required int MaxTiles { get; init; }

    public required IReadOnlyList<int> EndTokenIds { get; init; }

    /// <summary>The checkpoint's name of the head's weight.</summary>
    public string HeadName { get; }

    public Device Device => _decoder.Device;

    public Checkpoint Checkpoint => _checkpoint;

    /// <summary>Loads a language model, or, as a critic, a reward model.</summary>
    /// <param name="folder">A model folder in the published layout.</param>
    /// <param name="recipe">Type, device, adapters and tiles.</param>
    /// <param name="isTrained">Whether it is moved; else it is frozen.</param>
    /// <param name="isCritic">Whether the head gives a value for every token.</param>
    /// <exception cref="CheckpointException">The folder is not as expected; nothing stays loaded.</exception>
    public static PolicyNetwork Load(string folder, PolicyRecipe recipe, bool isTrained, bool isCritic = false)
    {
        var device = torch_device(recipe.Device);
        var type = BestOfN.Inference.Runtime.ComputeTypes.Of(recipe.Type, device);
        var configuration = ModelConfiguration.Load(folder);
        var family = DecoderFamilies.Of(configuration, isCritic ? NetworkLoader.RewardModels : NetworkLoader.LanguageModels);
        var sizes = family.Read(configuration);
        var checkpoint = Checkpoint.Open(folder);
        var owned = new List<IDisposable> { checkpoint };
        var trainsAll = isTrained && (recipe.Lora is null || isCritic);
        Tensor Take(string name, ReadOnlySpan<long> shape) => checkpoint.Take(name, shape, type, device);
        Tensor Own(string name, ReadOnlySpan<long> shape)
        {
            using var stored = checkpoint.Take(name, shape, ScalarType.Float32, device);
            return stored.clone().requires_grad_(true).DetachFromDisposeScope();   // not the mapping, which is not to be written to
        }

        try
        {
            var (images, maxTiles, assumptions) = ((ImageEncoder?)null, ImageEncoder.DefaultMaxTiles, new List<string>());
            if (InternLMXComposer2.Is(family))
            {
                sizes = InternLMXComposer2.WithPartialLora(sizes, configuration, checkpoint, assumptions);
                images = InternLMXComposer2.LoadImageEncoder(
                    configuration, sizes, checkpoint, type, device, assumptions, mode: ComputeMode.Training);
                if (images is not null && isTrained && recipe.TrainsVision)
                {
                    using var stored = images;
                    images = ImageEncoder.Load(stored.Configuration, sizes.HiddenSize, Own, mode: ComputeMode.Training);
                }

                if (images is not null)
                {
                    owned.Add(images);
                    maxTiles = InternLMXComposer2.MaxTiles(configuration, images, assumptions);
                }
            }

            var decoder = DecoderLoader.Load(family, sizes, trainsAll ? Own : Take, mode: ComputeMode.Training);
            owned.Add(decoder);
            var head = isCritic ? CriticHead(checkpoint, sizes.HiddenSize, trainsAll ? Own : Take)
                : sizes.TiedEmbeddings ? new(family.Embedding + ".weight", decoder.Embedding)
                : new KeyValuePair<string, Tensor>(
                    family.LanguageHead + ".weight",
                    (trainsAll ? Own(family.LanguageHead + ".weight", [sizes.VocabularySize, sizes.HiddenSize])
                        : Take(family.LanguageHead + ".weight", [sizes.VocabularySize, sizes.HiddenSize])).DetachFromDisposeScope());
            owned.Add(head.Value);
            using var random = new Generator(recipe.Seed, CPU);
            var adapters = isTrained && !isCritic && recipe.Lora is { } lora ? Adapters(family, decoder, lora, random, device) : [];
            owned.AddRange(adapters);
            return new PolicyNetwork(
                family, checkpoint, decoder, images, head, adapters, type, isTrained, isTrained && recipe.TrainsVision)
            {
                Architecture = configuration.Architecture,
                MaxTiles = isCritic ? maxTiles : recipe.HdNum ?? maxTiles,
                EndTokenIds = configuration.TokenIds("eos_token_id"),
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

    /// <summary>Logits over the vocabulary, before every token of all answers: answer by answer, token by token.</summary>
    /// <param name="groups">Prompts with their answers; no answer is empty.</param>
    /// <returns>[N, V] float32, owned by the caller's dispose scope.</returns>
    public Tensor Logits(IReadOnlyList<AnswerTokens> groups)
    {
        using var scope = NewDisposeScope();
        var hidden = Before(groups);
        return F.linear(hidden, _head.to(hidden.dtype)).to(ScalarType.Float32).MoveToOuterDisposeScope();
    }

    /// <summary>What a critic expects before every token of all answers.</summary>
    /// <returns>[N] float32, owned by the caller's dispose scope.</returns>
    public Tensor Values(IReadOnlyList<AnswerTokens> groups)
    {
        using var scope = NewDisposeScope();
        return F.linear(Before(groups).to(ScalarType.Float32), _head.to(ScalarType.Float32)).squeeze(-1).MoveToOuterDisposeScope();
    }

    /// <summary>The policy as it is now, for generation: it shares float32 weights, and copies what is merged or narrowed.</summary>
    /// <returns>Owned by the caller, and of use until the weights move.</returns>
    public LanguageModel ForRollouts()
    {
        using var guard = no_grad();
        Tensor Weight(string name, ReadOnlySpan<long> shape)
        {
            using var now = Trained(name);
            return now.to(_type).DetachFromDisposeScope();
        }

        var owned = new List<IDisposable>();
        try
        {
            var decoder = DecoderLoader.Load(_family, Configuration, Weight, mode: ComputeMode.Inference);
            owned.Add(decoder);
            var images = ImageEncoder is null ? null : ImageEncoder.Load(ImageEncoder.Configuration, Configuration.HiddenSize, Weight);
            if (images is not null)
            {
                owned.Add(images);
            }

            var head = Configuration.TiedEmbeddings ? decoder.Embedding : Weight(HeadName, []);
            return new LanguageModel(decoder, head)
            {
                Architecture = Architecture, EndTokenIds = EndTokenIds, ImageEncoder = images, MaxTiles = MaxTiles,
            };
        }
        catch
        {
            owned.ForEach(o => o.Dispose());
            throw;
        }
    }

    /// <summary>A tensor as it is after training, by the checkpoint's name; the caller disposes it.</summary>
    public Tensor Trained(string name)
    {
        if (!_weights.TryGetValue(name, out var weight))
        {
            return _checkpoint.Map(name);
        }

        return _adapters.FirstOrDefault(a => a.Layer + ".weight" == name) is { } adapter ? adapter.Merged(weight) : weight.alias();
    }

    public void Dispose()
    {
        foreach (var adapter in _adapters)
        {
            adapter.Dispose();
        }

        if (!ReferenceEquals(_head, _decoder.Embedding))
        {
            _head.Dispose();
        }

        ImageEncoder?.Dispose();
        _computed.Dispose();
        _decoder.Dispose();
        _checkpoint.Dispose();
    }

    private static Device torch_device(string name) => device(name);

    // [N, C]: the hidden state in front of every token.
    private Tensor Before(IReadOnlyList<AnswerTokens> groups)
    {
        using var scope = NewDisposeScope();
        var batch = TokenBatch.Of([.. groups.Select(g => (g.Prompt, g.Answers))], _type, Device);
        ImageTokens? images = null;
        if (batch.Images.Count > 0)
        {
            var encoder = ImageEncoder ?? throw new InvalidOperationException("The prompt has an image, and the model sees text only.");
            var at = batch.Images.SelectMany(p => Enumerable.Range(0, p.Tokens).Select(i => p.FirstRow + i)).ToArray();
            using var guard = _trainsVision ? null : no_grad();
            images = new ImageTokens(
                tensor(at, device: Device), cat(encoder.Encode([.. batch.Images.Select(p => p.Image)]), 0).to(_type));
        }

        var (rows, answer) = (new List<long>(), 0);
        foreach (var group in groups)
        {
            var end = batch.Starts[answer] - 1;        // the last row of the prompt
            foreach (var tokens in group.Answers)
            {
                rows.Add(end);
                rows.AddRange(Enumerable.Range(0, tokens.Count - 1).Select(t => batch.Starts[answer] + t));
                answer++;
            }
        }

        var hidden = _computed.Forward(batch.Ids, batch.Positions, new MaskedAttention(batch), images: images)!;
        return hidden.index_select(0, tensor(rows.ToArray(), device: Device)).MoveToOuterDisposeScope();
    }

    private static KeyValuePair<string, Tensor> CriticHead(Checkpoint checkpoint, int hidden, WeightSource source)
    {
        foreach (var name in (string[])["score", "v_head"])
        {
            if (checkpoint.Contains(name + ".weight") && !checkpoint.Contains(name + ".bias"))
            {
                return new(name + ".weight", source(name + ".weight", [1, hidden]).DetachFromDisposeScope());
            }
        }

        throw new CheckpointException($"{checkpoint.Folder}: critic: expected one linear head, score or v_head without bias, found none.");
    }

    // Adapters stand in the order of the parts of a layer's projections.
    private Projection Adapt(int layer, ProjectionKind kind, Projection projection)
    {
        var plain = (PlainProjection)projection;
        if (_adapters.Length == 0)
        {
            return new AdaptedProjection(plain, []);
        }

        var names = Names(_family, layer, kind);
        return new AdaptedProjection(
            plain, [.. names.Select(n => new AdaptedProjection.Change(_adapters.Single(a => a.Layer == n), x => x))]);
    }

    private static Adapter[] Adapters(DecoderFamily family, Decoder decoder, LowRankAdaptation lora, Generator random, Device device)
    {
        var shapes = decoder.Parameters.ToDictionary(p => p.Key, p => p.Value.shape);
        return
        [
            .. Enumerable.Range(0, decoder.Configuration.Layers)
                .SelectMany(layer => Enum.GetValues<ProjectionKind>().SelectMany(kind => Names(family, layer, kind)))
                .Select(name => new Adapter(name, shapes[name + ".weight"][0], shapes[name + ".weight"][1], lora, random, device)),
        ];
    }

    private static IEnumerable<string> Names(DecoderFamily family, int layer, ProjectionKind kind)
    {
        string[] parts = kind switch
        {
            ProjectionKind.QueryKeyValue => family.FusedQueryKeyValue is { } fused ? [fused] : [family.Query!, family.Key!, family.Value!],
            ProjectionKind.Output => [family.AttentionOutput],
            ProjectionKind.GateUp => [family.Gate, family.Up],
            _ => [family.Down],
        };
        return parts.Select(p => p.Replace("{i}", layer.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal));
    }
}
