using System.Text.Json;
using BestOfN.Core.Generation;
using BestOfN.Core.Prompts;
using BestOfN.Data.Records;
using BestOfN.Data.Samples;
using BestOfN.Data.Tests.Evaluation;
using BestOfN.Data.Worlds;
using BestOfN.Training.Tests;

namespace BestOfN.Data.Tests.Samples;

public sealed class AnswerSamplingTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Input => Path.Combine(_folder.Path, "prompts.jsonl");

    private string Output => Path.Combine(_folder.Path, "samples.jsonl");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Every_prompt_gets_a_line_with_its_answers_in_order_and_their_scores()
    {
        Write("a", "bb", "c");
        var summary = await RunAsync(Answers());
        Assert.Equal(new(3, 0, 6, 0, 0, 6), summary);
        var samples = SampledPrompt.ReadFile(Output).ToArray();
        Assert.Equal(["1", "2", "3"], samples.Select(s => s.Id));
        Assert.Equal(["bb 0", "bb 1"], samples[1].Answers.Select(a => a.Text));
        Assert.Equal([4, 5.0], samples[1].Answers.Select(a => a.Score!.Value));
    }

    [Fact]
    public async Task A_run_that_failed_goes_on_behind_the_lines_that_are_whole_and_ends_as_an_undisturbed_one()
    {
        Write("a", "b", "c", "d", "e");
        await RunAsync(Answers());
        var undisturbed = File.ReadAllText(Output);
        File.Delete(Output);

        await Assert.ThrowsAsync<GenerationFailedException>(() => RunAsync(Answers(failsAt: "d")));
        Assert.False(File.Exists(Output));
        File.AppendAllText(Output + ".partial", """{"id":4,"messages":[{"role":"us""");   // the process was killed here

        var generator = Answers();
        Assert.Equal(3, (await RunAsync(generator)).Kept);
        Assert.Equal(["d", "e"], generator.Requests.Select(r => r.Prompt.Messages[^1].Text).Order());
        Assert.Equal(undisturbed, File.ReadAllText(Output));
        Assert.False(File.Exists(Output + ".partial"));
    }

    [Fact]
    public async Task An_answer_that_is_lost_is_told_in_its_line_and_the_others_are_kept()
    {
        Write("a");
        var generator = new FakeGenerator((_, i) => i == 0 ? null : $"answer {i}");
        Assert.Equal(1, (await RunAsync(generator)).Lost);
        Assert.Equal("answer 1", SampledPrompt.ReadFile(Output).Single().Answers.Single().Text);
        Assert.Equal("lost", JsonElement.Parse(File.ReadAllText(Output)).GetProperty("lost")[0].GetString());
    }

    [Fact]
    public async Task Prompts_do_not_share_seeds()
    {
        Write("a", "b");
        var generator = Answers();
        await RunAsync(generator);
        Assert.Equal(2, generator.Requests.Select(r => r.Sampling.Seed).Distinct().Count());
    }

    [Fact]
    public async Task A_prompt_with_an_image_is_refused_for_a_generator_that_reads_text_alone()
    {
        File.WriteAllBytes(Path.Combine(_folder.Path, "x.png"), [1]);
        File.WriteAllText(Input, """{"id":"p","images":["x.png"],"messages":[{"role":"user","content":"What is it?"}]}""");
        var e = await Assert.ThrowsAsync<GenerationFailedException>(() => RunAsync(Answers()));
        Assert.Contains("the generator reads text alone", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Problems_of_a_world_say_which_answers_are_correct()
    {
        var prompt = SamplePrompt.Draw(PocketWorlds.Of(PocketWorlds.Image), 3, 2, Split.Training).Last();
        Assert.Equal("\"pocket-image-3-1\"", prompt.Id);
        Assert.IsType<ImagePart>(prompt.Messages[0].Parts[0]);
        Assert.StartsWith(
            "data:image/png;base64,",
            prompt.Row["messages"]![0]!["content"]![0]!["image_url"]!["url"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.True(prompt.Problem!.IsCorrect(prompt.Problem.Solution));
    }

    [Theory]
    [InlineData("""{"prompt":"Hi"}""", "line 1: prompt: not a field that is read; did you mean messages")]
    [InlineData("""{"messages":[{"role":"assistant","content":"x"}]}""", "line 1: messages: expected to end before the answer")]
    [InlineData("""{"id":{},"messages":[]}""", "line 1: id: expected a string or a number")]
    [InlineData("""[]""", "line 1: expected an object")]
    public void A_prompt_that_is_not_as_expected_is_named_with_its_line(string line, string message)
    {
        File.WriteAllText(Input, line);
        var e = Assert.Throws<InvalidDataException>(() => SamplePrompt.ReadFile(Input, _folder.Path).ToList());
        Assert.Contains(message, e.Message, StringComparison.Ordinal);
    }

    private static FakeGenerator Answers(string? failsAt = null) => new((request, i) =>
        request.Prompt.Messages[^1].Text is var text && text == failsAt ? null : $"{text} {i}");

    private void Write(params string[] questions) => File.WriteAllLines(
        Input, questions.Select(q => $$"""{"messages":[{"role":"user","content":"{{q}}"}]}"""));

    private async Task<SamplingSummary> RunAsync(IGenerator generator)
    {
        var plan = new SamplingPlan { Answers = 2, Model = "m", Sampling = new(), Seed = 1, Concurrency = 2 };
        using var lines = ResumableLines.Open(Output, """{"run":1}""", replaces: false);
        return await new AnswerSampling(generator, new FakeRewardModel((_, text) => text.Length + (text[^1] - '0')), plan)
            .RunAsync(SamplePrompt.ReadFile(Input, _folder.Path), lines, null, TestContext.Current.CancellationToken);
    }
}
