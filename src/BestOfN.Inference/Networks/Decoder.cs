using BestOfN.Inference.Kernels;
using BestOfN.Inference.Runtime;
using static TorchSharp.torch;

namespace BestOfN.Inference.Networks;

/// <summary>A decoder of any family: embeddings, blocks, final norm.</summary>
/// <remarks>
/// Tokens of any number of sequences go through the linear layers as one matrix [T, C] without padding; only <see cref="IAttention"/> knows
/// which belong together. Not thread-safe: one owner thread per device. Owns its weights, unless it was made by <see cref="With"/>.
/// </remarks>
public sealed class Decoder : IDisposable
{
    private readonly IReadOnlyList<Tensor> _owned;

    internal Decoder(
        DecoderConfiguration configuration, Tensor embedding, IReadOnlyList<DecoderLayer> layers, Tensor norm,
        IReadOnlyList<KeyValuePair<string, Tensor>> parameters, ComputeMode mode, ScalarType? type = null,
        IReadOnlyList<Tensor>? owned = null)
    {
        (Configuration, Embedding, Layers, Norm, Parameters, Mode) = (configuration, embedding, layers, norm, parameters, mode);
        (Type, Rotary, _owned) =
            (type ?? embedding.dtype, new RotaryEmbedding(configuration), owned ?? [.. parameters.Select(p => p.Value)]);
    }

    public DecoderConfiguration Configuration { get; }

    public RotaryEmbedding Rotary { get; }

    /// <summary>[V, C].</summary>
    public Tensor Embedding { get; }

    /// <summary>The weights that are kept as the checkpoint holds them, by its names.</summary>
    public IReadOnlyList<KeyValuePair<string, Tensor>> Parameters { get; }

    /// <summary>What hidden states are computed in.</summary>
    public ScalarType Type { get; }

    public Device Device => Embedding.device;

    /// <summary>What it was loaded for.</summary>
    public ComputeMode Mode { get; }

    internal IReadOnlyList<DecoderLayer> Layers { get; }

    internal Tensor Norm { get; }

    /// <summary>True where the weights of products are copies in the order in which a CPU reads them fastest.</summary>
    internal bool IsPrepacked => Layers[0].Down is PrepackedProjection;

    /// <summary>
    /// Whether a sequence gets the same hidden states to the last bit whatever decodes beside it: the work between the products is done row
    /// by row, and every product was tried with every number of rows that a step may have.
    /// </summary>
    internal bool IsExact => Layers.All(l => l.Projections.All(p => p is PrepackedProjection { IsExact: true }));

    /// <summary>Own kernels compute every product of at most this many rows; 0: not in every product.</summary>
    internal int FewRows => Layers.Min(l => l.Projections.Min(p => (p as PrepackedProjection)?.FewRows ?? 0));

    /// <summary>Runs tokens through all blocks and the final norm.</summary>
    /// <param name="ids">Token ids of all sequences, one behind the other, [T] int64, on <see cref="Device"/>.</param>
    /// <param name="positions">Position of each within its own sequence, [T] int64.</param>
    /// <param name="attention">Which token attends to which.</param>
    /// <param name="output">The rows whose hidden states are wanted.</param>
    /// <param name="sequenceLength">Only where <see cref="RotaryEmbedding.DependsOnLength"/>.</param>
    /// <param name="images">Tokens that are parts of images; their ids are not read. Null: there are none.</param>
    /// <returns>[T, C] or [R, C], owned by the caller's dispose scope; null for <see cref="DecoderOutput.KeysOnly"/>.</returns>
    /// <exception cref="InvalidOperationException">Gradients are recorded for weights that want some, and the decoder was loaded for
    /// inference, whose operators let none through.</exception>
    public Tensor? Forward(
        Tensor ids, Tensor positions, IAttention attention, DecoderOutput output = default, int sequenceLength = 0,
        ImageTokens? images = null)
    {
        if (Mode == ComputeMode.Inference && is_grad_enabled()
            && Parameters.FirstOrDefault(p => p.Value.requires_grad) is { Key: { } name })
        {
            throw new InvalidOperationException(
                $"{name} requires gradients, which do not flow through a decoder loaded for inference: load it with ComputeMode.Training, "
                + "or compute under no_grad.");
        }

        using var scope = NewDisposeScope();
        var (cos, sin) = Rotary.Angles(
            positions, Mode == ComputeMode.Inference && RowKernels.Serve(Type, Device) ? ScalarType.Float32 : Type, sequenceLength);
        Tensor? h = Embed(ids, images);
        var imageRows = Configuration.PartialLoraRank == 0 ? null : ImageRows.Of(images, ids.size(0), Mode);
        for (var i = 0; i < Layers.Count; i++)
        {
            var wanted = i == Layers.Count - 1 ? output : DecoderOutput.All;
            var next = Layers[i].Forward(Configuration, i, h!, cos, sin, attention, wanted, imageRows);
            if (Mode == ComputeMode.Inference)
            {
                h!.Dispose();
            }

            h = next;
        }

        return h is null ? null : Operators.RmsNorm(h, Norm, Configuration.NormEpsilon, Mode).MoveToOuterDisposeScope();
    }

    /// <summary>What goes into the first block: embeddings of tokens and, in their places, of images.</summary>
    /// <returns>[T, C] in <see cref="Type"/>, owned by the caller's dispose scope.</returns>
    internal Tensor Embed(Tensor ids, ImageTokens? images)
    {
        using var scope = NewDisposeScope();
        var h = Embedding.index_select(0, ids).to(Type);
        return (images is null ? h : h.index_copy(0, images.Rows, images.Vectors)).MoveToOuterDisposeScope();
    }

    /// <summary>The same decoder with other projections, such as ones that adapt these. The weights are shared and stay this
    /// decoder's.</summary>
    /// <param name="replace">Gets the number of a layer and one of its projections, which is a <see cref="PlainProjection"/> in a decoder
    /// that was loaded.</param>
    /// <param name="mode">What the new decoder is for.</param>
    /// <param name="type">What its hidden states are computed in.</param>
    internal Decoder With(Func<int, ProjectionKind, Projection, Projection> replace, ComputeMode mode, ScalarType type) => new(
        Configuration, Embedding,
        [
            .. Layers.Select((l, i) => new DecoderLayer
            {
                Mode = mode,
                AttentionNorm = l.AttentionNorm,
                FeedForwardNorm = l.FeedForwardNorm,
                QueryNorm = l.QueryNorm,
                KeyNorm = l.KeyNorm,
                QueryKeyValue = replace(i, ProjectionKind.QueryKeyValue, l.QueryKeyValue),
                IsGrouped = l.IsGrouped,
                Output = replace(i, ProjectionKind.Output, l.Output),
                GateUp = replace(i, ProjectionKind.GateUp, l.GateUp),
                Down = replace(i, ProjectionKind.Down, l.Down),
            }),
        ],
        Norm, Parameters, mode, type, owned: []);

    /// <summary>
    /// The same decoder for decode steps, one new token for each of a few sequences. Such a step is bound by reading the weights and by the
    /// number of operations: weights are copied into the order in which they are read fastest, and products of the same input become one.
    /// Where it throws, nothing stays in memory.
    /// </summary>
    /// <param name="trials">Tries whether steps are exact; null: nothing is tried, and <see cref="IsExact"/> is false.</param>
    /// <returns>Owned by the caller, and independent of this one.</returns>
    internal Decoder Prepack(StepTrials? trials = null) => Prepack(trials, isForSteps: true);

    /// <summary>
    /// This decoder for passes of many rows, in place of this one: prepacked where the device can multiply by prepacked weights, else as it
    /// is. Products of the same input stay apart, so that no output is copied and the last layer computes queries for the rows asked for.
    /// </summary>
    internal Decoder IntoPrepacked()
    {
        if (!Aten.HasOneDnn(Type, Device))
        {
            return this;
        }

        var prepacked = Prepack(null, isForSteps: false);
        Dispose();
        return prepacked;
    }

    public void Dispose()
    {
        foreach (var projection in Layers.SelectMany(l => l.Projections))
        {
            projection.Dispose();
        }

        foreach (var tensor in _owned)
        {
            tensor.Dispose();
        }
    }

    // For passes, the weights of every layer that was copied are freed: only the new decoder may be used then.
    private Decoder Prepack(StepTrials? trials, bool isForSteps)
    {
        using var inference = inference_mode();
        var (shared, layers, made) = (new List<Tensor>(), new List<DecoderLayer>(), new List<Projection>());
        Tensor Share(Tensor tensor)
        {
            shared.Add(tensor.alias().DetachFromDisposeScope());
            return shared[^1];
        }

        PrepackedProjection Made(Projection plain, Func<Tensor, Tensor>? choose = null)
        {
            var projection = new PrepackedProjection((PlainProjection)plain, trials, choose);
            made.Add(projection);
            return projection;
        }

        Projection Copy(Projection plain, bool isGrouped = false)
        {
            Projection copy = (isForSteps, isGrouped) switch
            {
                (true, _) => Made(plain, isGrouped ? Ungroup : null),
                (false, true) => new ProjectionGroup(
                    [.. HeadRows().Select(range => Made(plain, rows => Ungroup(rows).narrow(0, range.First, range.Count)))]),
                _ => plain.Apart.Count == 1 ? Made(plain) : new ProjectionGroup([.. plain.Apart.Select(part => Made(part))]),
            };
            if (!isForSteps)
            {
                ((PlainProjection)plain).FreeWeights();
            }

            return copy;
        }

        try
        {
            foreach (var l in Layers)
            {
                layers.Add(new DecoderLayer
                {
                    Mode = ComputeMode.Inference,
                    AttentionNorm = Share(l.AttentionNorm),
                    FeedForwardNorm = Share(l.FeedForwardNorm),
                    QueryNorm = l.QueryNorm is null ? null : Share(l.QueryNorm),
                    KeyNorm = l.KeyNorm is null ? null : Share(l.KeyNorm),
                    QueryKeyValue = Copy(l.QueryKeyValue, l.IsGrouped),
                    IsGrouped = false,
                    Output = Copy(l.Output),
                    GateUp = Copy(l.GateUp),
                    Down = Copy(l.Down),
                });
            }

            return new Decoder(Configuration, Share(Embedding), layers, Share(Norm), [], ComputeMode.Inference, Type, shared);
        }
        catch
        {
            made.ForEach(p => p.Dispose());
            shared.ForEach(t => t.Dispose());
            throw;
        }
    }

    // Rows of queries, of keys and of values, each as [first, count].
    private (long First, long Count)[] HeadRows()
    {
        var (H, K, D) = ((long)Configuration.Heads, (long)Configuration.KeyValueHeads, Configuration.HeadSize);
        return [(0, H * D), (H * D, K * D), ((H + K) * D, K * D)];
    }

    // Rows in the order of InternLM2 become all queries, all keys, all values.
    private Tensor Ungroup(Tensor fused)
    {
        var (K, g, D) = (Configuration.KeyValueHeads, Configuration.Groups, Configuration.HeadSize);
        var heads = fused.view(K, g + 2, D, -1);
        Tensor Part(int first, int count) => heads.narrow(1, first, count).reshape(K * count * D, -1);
        var rows = cat([Part(0, g), Part(g, 1), Part(g + 1, 1)], 0);
        return fused.dim() == 1 ? rows.squeeze(1) : rows;
    }
}
