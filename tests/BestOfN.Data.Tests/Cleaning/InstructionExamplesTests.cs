using BestOfN.Data.Cleaning;
using BestOfN.Training.Tests;

namespace BestOfN.Data.Tests.Cleaning;

public sealed class InstructionExamplesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Data => Path.Combine(_folder.Path, "data.json");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_question_with_its_image_and_an_answer_are_an_example()
    {
        File.WriteAllBytes(Path.Combine(_folder.Path, "a.png"), [1, 2, 3]);
        File.WriteAllText(Data, """
            [{"image": "a.png", "conversations": [{"from": "human", "value": "<image>\nWhat?"}, {"from": "gpt", "value": "Red."}]},
             {"conversations": [{"from": "human", "value": "Why?"}, {"from": "gpt", "value": "So."}]}]
            """);
        var examples = InstructionExamples.Read(Data, TestContext.Current.CancellationToken);
        Assert.Equal([("What?", "Red."), ("Why?", "So.")], examples.Select(example => (example.Question, example.Answer)));
        Assert.Equal([1, 2, 3], examples[0].Image!.Value.ToArray());
        Assert.Null(examples[1].Image);
    }

    [Theory]
    [InlineData("""[{"conversations": [{"from": "human", "value": "Why?"}]}]""", "record 0: expected one question")]
    [InlineData("""[{"a": 1}]""", "record 0: expected one question")]
    [InlineData("[]", "expected records, found none")]
    [InlineData(
        """[{"image": "b.png", "conversations": [{"from": "human", "value": "?"}, {"from": "gpt", "value": "!"}]}]""", "record 0: ")]
    public void A_record_of_another_form_is_named(string json, string message)
    {
        File.WriteAllText(Data, json);
        var e = Assert.Throws<InvalidDataException>(() => InstructionExamples.Read(Data, TestContext.Current.CancellationToken));
        Assert.Contains(message, e.Message, StringComparison.Ordinal);
    }
}
