using BestOfN.Data.Sampling;
using BestOfN.Data.Worlds;
using BestOfN.Inference.Runtime;
using BestOfN.Training.Pocket;
using BestOfN.Training.Recipes;
using static TorchSharp.torch;

namespace BestOfN.Training.Tests.Pocket;

public sealed class TokenBatchTests : IDisposable
{
    private static readonly VisionShape s_vision =
        new() { HiddenSize = 32, IntermediateSize = 64, NumHiddenLayers = 1, NumAttentionHeads = 2, HdNum = 4, PloraR = 4 };
    private static readonly DecoderShape s_model =
        new() { HiddenSize = 32, IntermediateSize = 64, NumHiddenLayers = 2, NumAttentionHeads = 4, NumKeyValueHeads = 2 };

    private static readonly string[] s_worlds = [PocketWorlds.Text, PocketWorlds.Image, PocketWorlds.Video];

    private readonly TemporaryFolder _folder = new();
    private readonly AnswerFormat _format;
    private readonly VisionLanguageDecoder _model;

    public TokenBatchTests()
    {
        var (format, size) = AnswerFormat.Learn(new WorldMixture(s_worlds), 400, s_vision, _folder.Path);
        _format = format;
        using var random = new Generator(1, CPU);
        _model = new VisionLanguageDecoder(s_model, s_vision, size, random);
    }

    public static TheoryData<string> Worlds => [.. s_worlds];

    [Theory]
    [MemberData(nameof(Worlds))]
    public void An_answer_looks_the_same_alone_and_beside_other_answers_companions_and_problems(string world)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        var problems = Enumerable.Range(0, 3).SelectMany(i => new WorldMixture([world]).DrawWithCompanions(5, i).Chunk(9)).ToArray();
        var together = problems.SelectMany(c => c.Zip(_format.Prompts(c), (p, prompt) => (Prompt: prompt, Answers: Answers(p)))).ToArray();
        var batch = TokenBatch.Of(together);
        var ends = _model.Forward(batch).index_select(0, tensor(batch.Ends));

        Assert.Equal(3, batch.Rows);
        var at = 0;
        foreach (var (prompt, answers) in together)
        {
            foreach (var answer in answers)
            {
                var alone = TokenBatch.Of([(prompt, [answer])]);
                var expected = _model.Forward(alone).index_select(0, tensor(alone.Ends))[0];
                Assert.InRange((ends[at++] - expected).abs().max().item<float>(), 0, 1e-4f);
            }
        }
    }

    [Fact]
    public void A_training_step_computes_what_measuring_does_up_to_the_width_of_its_products()
    {
        using var scope = NewDisposeScope();
        var problems = Enumerable.Range(0, 6).Select(i => new WorldMixture(s_worlds).Draw(5, i, Split.Training)).ToArray();
        (TrainingPrompt, IReadOnlyList<IReadOnlyList<int>>)[] asked = [.. problems.Select(p => (_format.Prompt(p), Answers(p)))];
        var trained = _model.Forward(TokenBatch.Of(asked));
        Tensor measured;
        using (no_grad())
        {
            measured = _model.Forward(TokenBatch.Of(asked));
        }

        Assert.True(trained.requires_grad);
        Assert.Equal(ScalarType.Float32, trained.dtype);
        var difference = (trained.detach() - measured).abs().max().item<float>();
        Assert.InRange(difference, 0, ComputeTypes.CpuHasBFloat16 ? 0.15f : 1e-4f);
        trained.sum().backward();
        Assert.All(
            _model.Parameters.Where(p => !p.Key.Contains("Plora_A", StringComparison.Ordinal)),
            p => Assert.True(p.Value.grad is { } g && g.dtype == ScalarType.Float32, p.Key));
    }

    public void Dispose()
    {
        _model.Dispose();
        _folder.Dispose();
    }

    private IReadOnlyList<IReadOnlyList<int>> Answers(Problem problem) =>
        [_format.Answer(problem.Solution), _format.Answer(problem.Guess(new SplitMix64(2)))];
}
