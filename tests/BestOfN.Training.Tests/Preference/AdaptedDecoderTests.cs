using BestOfN.Inference.Kernels;
using BestOfN.Inference.Networks;
using BestOfN.Inference.Networks.Families;
using BestOfN.Training.Preference;
using BestOfN.Training.Recipes;
using static TorchSharp.torch;

namespace BestOfN.Training.Tests.Preference;

/// <summary>A decoder of the Llama family as a training of low-rank adapters uses it, through <see cref="Decoder.Forward"/>.</summary>
public sealed class AdaptedDecoderTests : IDisposable
{
    private static readonly DecoderConfiguration s_sizes = new()
    {
        VocabularySize = 11, HiddenSize = 32, IntermediateSize = 48, Layers = 2, Heads = 4, KeyValueHeads = 2, HeadSize = 8,
        NormEpsilon = 1e-5, RopeTheta = 10_000, MaxPositions = 64,
    };

    private readonly TorchSharp.DisposeScope _scope = NewDisposeScope();
    private readonly Generator _random = new(5);
    private readonly List<Adapter> _adapters = [];
    private readonly Tensor _ids = tensor([1L, 4, 2, 7, 3]), _positions = tensor([0L, 1, 2, 3, 4]);

    [Fact]
    public void Gradients_of_adapters_are_those_of_the_merged_weights_led_through_the_low_rank_product()
    {
        using var plain = Load((_, shape) => Weight(shape), ComputeMode.Training);
        using var adapted = plain.With(Adapt, ComputeMode.Training, ScalarType.Float32);
        Loss(adapted).backward();

        var changes = _adapters.ToDictionary(a => a.Layer + ".weight");
        var known = plain.Parameters.ToDictionary();
        using var merged = Load((name, _) =>
            (changes.TryGetValue(name, out var adapter) ? adapter.Merged(known[name]).detach() : known[name].clone()).requires_grad_(true),
            ComputeMode.Training);
        Loss(merged).backward();

        var gradients = merged.Parameters.ToDictionary(p => p.Key, p => p.Value.grad!);
        Assert.Equal(2 * 7, _adapters.Count);
        Assert.All(_adapters, adapter =>
        {
            using TorchSharp.Scalar scale = adapter.Scale;
            var gradient = gradients[adapter.Layer + ".weight"] * scale;
            Close(gradient.matmul(adapter.A.detach().t()), adapter.B.grad!, adapter.Layer);
            Close(adapter.B.detach().t().matmul(gradient), adapter.A.grad!, adapter.Layer);
        });
        Assert.All(plain.Parameters, weight => Assert.False(weight.Value.requires_grad));
    }

    [Fact]
    public void A_decoder_loaded_for_inference_refuses_to_record_gradients_of_its_weights()
    {
        using var decoder = Load((_, shape) => Weight(shape).requires_grad_(true), ComputeMode.Inference);
        var refusal = Assert.Throws<InvalidOperationException>(() => Loss(decoder));
        Assert.StartsWith("model.embed_tokens.weight requires gradients", refusal.Message, StringComparison.Ordinal);
        using var guard = no_grad();
        Assert.True(float.IsFinite(Loss(decoder).item<float>()));
    }

    [Fact]
    public void Rows_that_are_asked_for_have_the_gradients_of_all_rows()
    {
        using var decoder = Load((_, shape) => Weight(shape).requires_grad_(true), ComputeMode.Training);
        var rows = tensor([1L, 4]);
        SumOfSquares(decoder.Forward(_ids, _positions, new BatchedAttention(1))!.index_select(0, rows)).backward();
        var all = decoder.Parameters.Select(p => p.Value.grad!.clone()).ToArray();
        foreach (var (_, weight) in decoder.Parameters)
        {
            weight.grad!.zero_();
        }

        SumOfSquares(decoder.Forward(_ids, _positions, new LastLayerRows(s_sizes.Layers, rows), DecoderOutput.Rows(rows))!).backward();
        foreach (var (expected, (name, weight)) in all.Zip(decoder.Parameters))
        {
            Close(expected, weight.grad!, name);
        }
    }

    public void Dispose()
    {
        _adapters.ForEach(a => a.Dispose());
        _scope.Dispose();
    }

    private Tensor Loss(Decoder decoder) => SumOfSquares(decoder.Forward(_ids, _positions, new BatchedAttention(1))!);

    private static Tensor SumOfSquares(Tensor values) => (values * values).sum();

    private static Decoder Load(BestOfN.Inference.Weights.WeightSource source, ComputeMode mode) =>
        DecoderLoader.Load(Llama.Family, s_sizes, source, mode);

    private Tensor Weight(ReadOnlySpan<long> shape) =>
        shape.Length == 1 ? ones(shape) : randn(shape, generator: _random) / tensor((float)Math.Sqrt(shape[^1]));

    // B begins as zeros, which would hide the gradient of A.
    private AdaptedProjection Adapt(int layer, ProjectionKind kind, Projection projection)
    {
        var plain = (PlainProjection)projection;
        string[] names = kind switch
        {
            ProjectionKind.QueryKeyValue => ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"],
            ProjectionKind.Output => ["self_attn.o_proj"],
            ProjectionKind.GateUp => ["mlp.gate_proj", "mlp.up_proj"],
            _ => ["mlp.down_proj"],
        };
        return new AdaptedProjection(plain, [.. names.Zip(plain.Parts, (name, part) =>
        {
            var adapter = new Adapter(
                $"model.layers.{layer}.{name}", part.Weight.size(0), part.Weight.size(1), new() { Rank = 3, Alpha = 6 }, _random, CPU);
            using (no_grad())
            {
                adapter.B.normal_(0, 0.1, _random);
            }

            _adapters.Add(adapter);
            return new AdaptedProjection.Change(adapter, x => x);
        })]);
    }

    private static void Close(Tensor expected, Tensor found, string name) =>
        Assert.True(found.allclose(expected, rtol: 1e-3, atol: 1e-4), $"{name}: {(found - expected).abs().max().item<float>()}");

    /// <summary>In the last layer the queries of some rows attend to the keys up to theirs.</summary>
    private sealed class LastLayerRows(int layers, Tensor rows) : IAttention
    {
        private readonly BatchedAttention _all = new(1);

        public Tensor? Attend(int layer, Tensor? q, Tensor k, Tensor v)
        {
            if (layer < layers - 1)
            {
                return _all.Attend(layer, q, k, v);
            }

            var padded = zeros(k.size(0), q!.size(1), q.size(2)).index_copy(0, rows, q);
            return _all.Attend(layer, padded, k, v)!.index_select(0, rows);
        }
    }
}
