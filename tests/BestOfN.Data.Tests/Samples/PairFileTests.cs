using BestOfN.Data.Preferences;
using BestOfN.Data.Samples;
using BestOfN.Training.Tests;

namespace BestOfN.Data.Tests.Samples;

public sealed class PairFileTests : IDisposable
{
    private const string Text =
        """{"id":"t","messages":[{"role":"system","content":"Be short."},{"role":"user","content":"What is 1+1?"}],"""
        + """ "answers":[{"text":"Two.","score":2,"correct":true},{"text":"Six!","score":-1,"correct":false},"""
        + """ {"text":"Two","score":1.5}]}""";

    // The smallest PNG there is: one transparent dot.
    private const string Dot =
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==";

    private const string Image =
        """{"id":"i","messages":[{"role":"user","content":[{"type":"text","text":"Look: "},{"type":"image_url","image_url":{"url":"""
        + " \"data:image/png;base64," + Dot + "\"}}, "
        + """{"type":"text","text":" What is it?"}]}],"answers":[{"text":"A dot","score":1},{"text":"A cat","score":0}]}""";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(PairFormat.Trl)]
    [InlineData(PairFormat.OpenRlhf)]
    [InlineData(PairFormat.Ixc)]
    public void Pairs_are_read_back_as_they_were_written(PairFormat format)
    {
        var (summary, pairs) = Write(format, Text);
        Assert.Equal(
            (1, 1, 3.0, 1.0, 1.0),
            (summary.Prompts, summary.Pairs, summary.MeanDifference, summary.MeanLengthRatio, summary.ChosenCorrect));
        var pair = pairs.Single();
        Assert.Equal("t", pair.Id);
        Assert.Equal(["system Be short.", "user What is 1+1?", "assistant Two."], pair.Chosen.Select(m => $"{m.Role} {m.Text}"));
        Assert.Equal("Six!", pair.Rejected[^1].Text);
    }

    [Theory]
    [InlineData(PairFormat.Trl)]
    [InlineData(PairFormat.Ixc)]
    public void An_image_is_written_beside_the_pairs_and_keeps_its_place(PairFormat format)
    {
        var (summary, pairs) = Write(format, Image, Text);
        Assert.Equal(2, summary.Pairs);
        Assert.Equal("Look: <ImageHere> What is it?", pairs[0].Chosen[0].Text);
        Assert.Equal(Convert.FromBase64String(Dot), File.ReadAllBytes(pairs[0].Pictures.Single()));
        Assert.Empty(pairs[1].Pictures);
    }

    [Fact]
    public void A_prompt_that_the_format_has_no_place_for_is_counted()
    {
        var (summary, pairs) = Write(PairFormat.OpenRlhf, Image, Text);
        Assert.Equal(1, summary.WithoutPair[NoPair.NoPlaceInFormat]);
        Assert.Equal("t", pairs.Single().Id);
    }

    [Fact]
    public void A_pair_that_stood_before_is_left_out_also_the_other_way_round()
    {
        var reversed = Text.Replace("\"score\":2", "\"score\":-2", StringComparison.Ordinal)
            .Replace("\"score\":1.5", "\"score\":-2", StringComparison.Ordinal);
        var (summary, _) = Write(PairFormat.Trl, Text, Text, reversed);
        Assert.Equal((1, 2), (summary.Pairs, summary.WithoutPair[NoPair.Repeated]));
    }

    [Fact]
    public void Samples_without_any_score_are_refused_before_a_file_is_made()
    {
        var path = Samples("""{"messages":[{"role":"user","content":"x"}],"answers":[{"text":"a"},{"text":"b"}]}""");
        var output = Path.Combine(_folder.Path, "pairs.jsonl");
        var e = Assert.Throws<InvalidDataException>(
            () => new PairFile(output, PairFormat.Trl, new()).Write([path], null, TestContext.Current.CancellationToken));
        Assert.Contains("no answer has a score", e.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(output));
    }

    [Theory]
    [InlineData("""{"chosen":"a","rejected":"b"}""", "chosen: expected a list of messages, or a prompt beside the text")]
    [InlineData("""{"prompt":"p","chosen":"a"}""", "rejected: expected a text, or a list of 1 to 1024 messages, found nothing")]
    [InlineData("""{"prompt":"p","chosen":"a","rejected":"b","weight":1}""", "weight: not a field that is read")]
    [InlineData("""{"prompt":[{"role":"tool","content":"p"}],"chosen":"a","rejected":"b"}""", "prompt[0].role: expected system, user or")]
    [InlineData(
        """{"prompt":[{"role":"user","content":[{"type":"video"}]}],"chosen":"a","rejected":"b"}""", "parts of the types text and image")]
    [InlineData("""{"prompt":[{"role":"user","content":[{"type":3}]}],"chosen":"a","rejected":"b"}""", "parts of the types text and image")]
    [InlineData("""{"prompt":[{"role":"user","content":[{"type":"image"}]}],"chosen":"a","rejected":"b"}""", "expected 0 image parts")]
    [InlineData(
        """{"chosen":[{"role":"user","content":"x"},{"role":"assistant","content":"a"}],"rejected":[{"role":"assistant","content":"b"}]}""",
        "chosen and rejected must be equal up to their last message")]
    public void A_record_of_TRL_that_is_not_as_expected_is_named_with_its_field(string line, string message)
    {
        var path = Samples(line);
        var e = Assert.Throws<PreferenceDataException>(() => PreferenceFile.Read(new DataSource(path), strip: true).ToList());
        Assert.Contains(message, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Texts_beside_a_prompt_are_a_pair()
    {
        var path = Samples("""{"prompt":"Why?","chosen":"Because.","rejected":"No.","margin":2}""");
        var pair = PreferenceFile.Read(new DataSource(path), strip: true).Single();
        Assert.Equal(["user Why?", "assistant Because."], pair.Chosen.Select(m => $"{m.Role} {m.Text}"));
    }

    private (PairSummary Summary, PreferencePair[] Pairs) Write(PairFormat format, params string[] samples)
    {
        var output = Path.Combine(_folder.Path, "out", "pairs.json");
        var summary = new PairFile(output, format, new()).Write([Samples(samples)], null, TestContext.Current.CancellationToken);
        return (summary, [.. PreferenceFile.Read(new DataSource(output), strip: false)]);
    }

    private string Samples(params string[] lines)
    {
        var path = Path.Combine(_folder.Path, "samples.jsonl");
        File.WriteAllLines(path, lines);
        return path;
    }
}
