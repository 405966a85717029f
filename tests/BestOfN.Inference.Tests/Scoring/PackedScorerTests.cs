using BestOfN.Inference.Networks;
using BestOfN.Inference.Networks.Families;
using BestOfN.Inference.Runtime;
using BestOfN.Inference.Scoring;
using static TorchSharp.torch;

namespace BestOfN.Inference.Tests.Scoring;

/// <summary>Passes over a model with heads as large as real ones, whose attention goes other ways than that of the small fixtures, against
/// whole sequences one by one.</summary>
public sealed class PackedScorerTests
{
    private const int Prompt = 150;

    private static readonly DecoderConfiguration s_sizes = new()
    {
        VocabularySize = 97,
        HiddenSize = 96,
        IntermediateSize = 160,
        Layers = 3,
        Heads = 6,
        KeyValueHeads = 2,
        HeadSize = 64,
        NormEpsilon = 1e-6,
        RopeTheta = 10_000,
        MaxPositions = 512,
    };

    [Theory]
    [InlineData(ScalarType.Float32, 1e-5f)]
    [InlineData(ScalarType.BFloat16, 0.1f)]       // of scores whose standard deviation is about 1
    public void Prompt_answers_and_their_continuations_score_like_whole_sequences(ScalarType type, float tolerance)
    {
        using var guard = inference_mode();
        using var scope = NewDisposeScope();
        using var exact = Network(ScalarType.Float32, prepacks: false);
        using var network = Network(type, prepacks: true);
        var scorer = new PackedScorer(network);
        using var block = scorer.NewBlock(Prompt);
        var prompt = Ids(0, Prompt);

        // The prompt with answers of equal and of other lengths, one of them longer than a tile and to be continued.
        int[][] answers = [Ids(1, 5), Ids(2, 5), Ids(3, 5), Ids(4, 90), Ids(5, 64), Ids(6, 1)];
        using var own = scorer.NewBlock(90);
        var runs = answers.Select(a => new PackedRun
        {
            Ids = a,
            Prefix = block,
            PrefixLength = Prompt,
            Rows = [a.Length - 1],
            Own = a.Length == 90 ? own : null,
        });
        var scores = scorer.Run([new PackedRun { Ids = prompt, Own = block }, .. runs]).Skip(1).Select(r => r[0]).ToArray();
        var expected = answers.Select(a => ReferenceScores.AtLast(exact, [.. prompt, .. a])).ToArray();
        Assert.All(scores.Zip(expected), pair => Assert.Equal(pair.Second, pair.First, tolerance));
        Assert.True(expected.Max() - expected.Min() > 0.5, "the scores are too much alike to tell anything");

        // What was kept of prompt and answer is enough to go on, beside an answer to the bare prompt; two rows of one run are wanted.
        var (rest, other) = (Ids(7, 33), Ids(8, 12));
        var later = scorer.Run([
            new PackedRun { Ids = rest, Prefix = block, PrefixLength = Prompt, Own = own, Rows = [10, 32] },
            new PackedRun { Ids = other, Prefix = block, PrefixLength = Prompt, Rows = [11] },
        ]);
        Assert.Equal(ReferenceScores.AtLast(exact, [.. prompt, .. answers[3], .. rest[..11]]), later[0][0], tolerance);
        Assert.Equal(ReferenceScores.AtLast(exact, [.. prompt, .. answers[3], .. rest]), later[0][1], tolerance);
        Assert.Equal(ReferenceScores.AtLast(exact, [.. prompt, .. other]), later[1][0], tolerance);
    }

    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.BFloat16)]
    public void A_score_is_the_same_within_the_promised_tolerance_whatever_else_is_scored(ScalarType type)
    {
        using var guard = inference_mode();
        using var network = Network(type, prepacks: true);
        var scorer = new PackedScorer(network);
        var cases = Enumerable.Range(0, 12)
            .Select(i => (Prompt: Ids(i, 30 + (i * 17)),
                Answers: Enumerable.Range(0, 1 + (i % 5)).Select(j => Ids((100 * i) + j, 3 + (i * j))).ToArray())).ToArray();
        float[][] Score(params IReadOnlyList<(int[] Prompt, int[][] Answers)> together)
        {
            var blocks = together.Select(c => scorer.NewBlock(c.Prompt.Length)).ToArray();
            var runs = together.SelectMany((c, i) => c.Answers
                .Select(a => new PackedRun { Ids = a, Prefix = blocks[i], PrefixLength = c.Prompt.Length, Rows = [a.Length - 1] })
                .Prepend(new PackedRun { Ids = c.Prompt, Own = blocks[i] })).ToArray();
            var rewards = scorer.Run(runs).Where(r => r.Length > 0).Select(r => r[0]).ToArray();
            Array.ForEach(blocks, b => b.Dispose());
            var ends = together.Select((_, i) => together.Take(i + 1).Sum(c => c.Answers.Length)).ToArray();
            return [.. together.Select((c, i) => rewards[(ends[i] - c.Answers.Length)..ends[i]])];
        }

        var alone = cases.Select(c => Score(c)[0]).ToArray();
        AreAlike(alone, Score(cases));
        AreAlike([.. alone.Skip(3).Take(4)], Score([.. cases.Skip(3).Take(4)]));
        AreAlike([.. alone.Select(s => s[..1])], Score([.. cases.Select(c => (c.Prompt, c.Answers[..1]))]));

        void AreAlike(float[][] expected, float[][] found) => Assert.All(
            expected.SelectMany(s => s).Zip(found.SelectMany(s => s), (a, b) => (a, b)),
            pair => Assert.InRange(Math.Abs(pair.a - pair.b), 0, ComputeTypes.Tolerance(type) * Math.Max(1, Math.Abs(pair.a))));
    }

    private static RewardNetwork Network(ScalarType type, bool prepacks)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(11, CPU);
        Tensor Weight(ReadOnlySpan<long> shape) =>
            shape.Length == 1 ? ones(shape.ToArray()) : randn(shape.ToArray(), generator: generator) / tensor((float)Math.Sqrt(shape[^1]));
        var decoder = DecoderLoader.Load(Llama.Family, s_sizes, (_, shape) => Weight(shape).to(type));
        var head = RewardHead.Linear("score", Weight([1, s_sizes.HiddenSize]).DetachFromDisposeScope());
        return new RewardNetwork(prepacks ? decoder.IntoPrepacked() : decoder, head) { Architecture = "LlamaForSequenceClassification" };
    }

    private static int[] Ids(int seed, int count)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => random.Next(s_sizes.VocabularySize))];
    }
}
