using BestOfN.Core.Prompts;
using BestOfN.Data.Preferences;
using BestOfN.Training.Tests;

namespace BestOfN.Data.Tests.Preferences;

public sealed class PreferenceDataTests : IDisposable
{
    private const string Good =
        """{"id": "a", "conversations_a": [{"from": "human", "value": " Hi? "}, {"from": "bot", "value": "Yes.\n"}], """
        + """ "conversations_b": [{"from": "user", "value": "Hi?"}, {"from": "bot", "value": "No."}]}""";

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void A_list_and_lines_give_the_same_pairs()
    {
        var second = Good.Replace("\"a\"", "7", StringComparison.Ordinal);
        var list = Read($"\n [{Good},\n{second}]");
        var lines = Read($"{Good}\n\n{second}\n");
        Assert.Equal(["a", "7"], list.Select(p => p.Id));
        Assert.Equal(["a", "7"], lines.Select(p => p.Id));
        Assert.Equal(["user", "assistant"], lines[1].Chosen.Select(m => m.Role));
        Assert.Equal(["Hi?", "Yes."], list[0].Chosen.Select(m => m.Text));
        Assert.Equal("No.", list[0].Rejected[^1].Text);
    }

    [Fact]
    public void White_space_stays_where_the_recipe_says_so() =>
        Assert.Equal([" Hi? ", "Yes.\n"], Read(Good, strip: false)[0].Chosen.Select(m => m.Text));

    [Theory]
    [InlineData("[1]", "record 1: expected an object, found 1")]
    [InlineData("[{\"id\": \"a\"", "record 1, line 1: not valid JSON")]
    [InlineData("{\"id\": ", "line 1: not valid JSON")]
    [InlineData("""{"id": null}""", "line 1: id: expected a string or a number, found null")]
    [InlineData("""{"id": 1, "conversations_a": [{"from": "bot", "value": "x \ud83d"}]}""",
        "line 1: conversations_a[0].value: holds one half of a surrogate pair, \\ud83d")]
    [InlineData("""[{"id": 1, "conversations_a": [{"from": "bot", "value": "\udc00"}]}]""",
        "record 1: conversations_a[0].value: holds one half of a surrogate pair")]
    [InlineData("""{"id": 1, "images": ["a.png"]}""", "images: not a field that is read; did you mean image")]
    [InlineData("""[{"id": 1, "weight": 2}]""", "record 1: weight: not a field that is read; known are id, conversations_a")]
    [InlineData("""{"id": 1, "conversations_a": [{"role": "user", "value": "x"}]}""",
        "conversations_a[0].role: not a field that is read; did you mean from?")]
    [InlineData("""{"id": 1, "image": "a.png", "image": "b.png"}""", "image")]
    [InlineData("""{"id": 1}""", "line 1: conversations_a: expected a list of 1 to 1024 messages, found nothing")]
    [InlineData("""{"id": 1, "conversations_a": []}""", "conversations_a: expected a list of 1 to 1024 messages, found []")]
    [InlineData("""{"id": 1, "conversations_a": ["x"]}""", "conversations_a[0]: expected an object with from and value, found \"x\"")]
    [InlineData("""{"id": 1, "conversations_a": [{"from": "gpt", "value": "x"}]}""",
        "conversations_a[0].from: expected human, user, bot or system, found \"gpt\"")]
    [InlineData("""{"id": 1, "conversations_a": [{"from": "bot", "value": 3}]}""", "conversations_a[0].value: expected a string, found 3")]
    [InlineData("""{"id": 1, "conversations_a": [{"from": "human", "value": "x"}]}""",
        "conversations_a: expected the answer of a bot at the end, found a message from user")]
    [InlineData("""{"id": 1, "image": "a\u0000b"}""", "image: expected the path of a")]
    [InlineData("""{"id": 1, "image": 3}""", "image: expected the path of a picture, or a list of paths, found 3")]
    [InlineData("""{"id": 1, "image": "no.png"}""", "no.png does not exist")]
    [InlineData("""{"id": 1, "image": ["a.png", "a.png"], "conversations_a": [{"from": "bot", "value": "<ImageHere>"}]}""",
        "conversations_a: expected 2 <ImageHere>, one for each picture, found 1")]
    [InlineData("""{"id": 1, "conversations_a": [{"from": "bot", "value": "<ImageHere>"}]}""", "conversations_a: expected 0 <ImageHere>")]
    public void A_record_that_is_not_in_the_format_is_named_with_its_field(string content, string message)
    {
        File.WriteAllBytes(Path.Combine(_folder.Path, "a.png"), [1]);
        var error = Assert.Throws<PreferenceDataException>(() => Read(content)).Message;
        Assert.Contains("data.json: ", error, StringComparison.Ordinal);
        Assert.Contains(message, error, StringComparison.Ordinal);
        Assert.DoesNotContain("LineNumber", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[", "]", "record 1: ")]
    [InlineData("", "", "line 1: ")]
    public void Bytes_that_are_not_text_are_refused_and_not_learned_from(string before, string after, string where)
    {
        var source = Write("");
        byte[] good = System.Text.Encoding.UTF8.GetBytes(before + Good + after);
        good[good.AsSpan().IndexOf("Yes"u8)] = 0xE9;
        File.WriteAllBytes(source.Path, good);
        var error = Assert.Throws<PreferenceDataException>(() => PreferenceFile.Read(source, true).ToArray()).Message;
        Assert.Contains(where, error, StringComparison.Ordinal);
        Assert.Contains("not valid UTF-8", error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_record_without_id_has_its_number_and_its_metadata_is_passed_over()
    {
        var record = Good.Replace("\"id\": \"a\"", "\"metadata\": {\"source\": 1}", StringComparison.Ordinal);
        Assert.Equal(["1", "a", "3"], Read($"\uFEFF{record}\r\n{Good}\r\n\r\n{record}").Select(p => p.Id));
    }

    [Fact]
    public void A_missing_file_is_named() =>
        Assert.Contains(
            "gone.json",
            Assert.Throws<PreferenceDataException>(() => PreferenceFile.Read(new DataSource("gone.json"), true).ToArray()).Message,
                StringComparison.Ordinal);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Pictures_are_looked_for_beside_the_file_or_where_the_recipe_says(bool said)
    {
        var images = said ? Directory.CreateDirectory(Path.Combine(_folder.Path, "images")).FullName : null;
        var picture = Path.Combine(images ?? _folder.Path, "a.png");
        File.WriteAllBytes(picture, [1]);
        var pair = Read(Good.Replace("\"id\"", "\"image\": \"a.png\", \"id\"", StringComparison.Ordinal), images: images).Single();
        Assert.Equal([picture], pair.Pictures);
    }

    [Theory]
    [InlineData("fine", null)]
    [InlineData("", "empty answer")]
    [InlineData(" \n", "empty answer")]
    [InlineData("a <|im_start|> b", "answer with a chat marker")]
    [InlineData("a<|im_end|>", "answer with a chat marker")]
    public void Filters_look_at_both_final_answers(string answer, string? reason)
    {
        Assert.Equal(reason, new PairFilters().ReasonToDrop(Pair(answer, "other")));
        Assert.Equal(reason, new PairFilters().ReasonToDrop(Pair("other", answer)));
    }

    [Theory]
    [InlineData(501, 101, true)]
    [InlineData(501, 100, false)]
    [InlineData(500, 101, false)]
    public void A_long_answer_is_dropped_for_a_long_run_without_white_space(int length, int run, bool dropped)
    {
        // Letters of two UTF-16 units each: characters are counted, not units.
        var answer = string.Concat(Enumerable.Repeat("𝐚", run)) + string.Concat(
            Enumerable.Range(0, length - run).Select(i => i % 2 == 0 ? " " : "b"));
        Assert.Equal(dropped, new PairFilters().ReasonToDrop(Pair(answer, "x")) is not null);
    }

    [Fact]
    public void The_length_constraint_drops_much_longer_chosen_answers_and_only_where_it_is_set()
    {
        var filters = new PairFilters { MaxLengthRatio = 2 };
        Assert.Null(filters.ReasonToDrop(Pair("12345678", "1234")));
        Assert.NotNull(filters.ReasonToDrop(Pair("123456789", "1234")));
        Assert.Null(filters.ReasonToDrop(Pair("1234", "123456789")));
        Assert.Null(new PairFilters().ReasonToDrop(Pair("123456789", "1234")));
    }

    [Fact]
    public void What_was_dropped_is_counted_and_nothing_left_is_an_error()
    {
        var empty = Good.Replace("No.", " ", StringComparison.Ordinal);
        var data = PreferenceData.Load([Write($"{Good}\n{empty}\n{empty}")], new PairFilters(), CancellationToken.None);
        Assert.Equal((1, 0), (data.TextOnly.Count, data.WithPictures.Count));
        Assert.Equal([new("empty answer", 2)], data.Dropped);
        var error = Assert.Throws<PreferenceDataException>(
            () => PreferenceData.Load([Write(empty)], new PairFilters(), CancellationToken.None));
        Assert.Contains("1 dropped: empty answer", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_pairs_with_pictures_come_for_one_without_and_every_pair_of_a_kind_once_before_any_comes_twice()
    {
        var mix = new DataMix(Data(pictures: 8, texts: 3), 2, seed: 1);
        var drawn = Enumerable.Range(0, 12).Select(i => mix[i]).ToArray();
        Assert.All(Enumerable.Range(0, 12), i => Assert.Equal(i % 3 < 2, drawn[i].Pictures.Count == 1));
        Assert.Equal(8, drawn.Where(p => p.Pictures.Count == 1).Select(p => p.Id).Distinct().Count());
        Assert.Equal(3, drawn.Where(p => p.Pictures.Count == 0).Take(3).Select(p => p.Id).Distinct().Count());
    }

    [Fact]
    public void The_seed_and_the_number_alone_decide_what_is_drawn()
    {
        var data = Data(pictures: 50, texts: 50);
        var (mix, again, other) = (new DataMix(data, 2, seed: 1), new DataMix(data, 2, seed: 1), new DataMix(data, 2, seed: 2));
        string[] Draw(DataMix from, IEnumerable<int> numbers) => [.. numbers.Select(i => from[i].Id)];
        var numbers = Enumerable.Range(0, 400).ToArray();
        var first = Draw(mix, numbers);
        Assert.Equal(first.Reverse(), Draw(again, numbers.Reverse()));
        Assert.NotEqual(first, Draw(other, numbers));
    }

    [Fact]
    public void One_kind_alone_is_drawn_without_gaps()
    {
        var mix = new DataMix(Data(pictures: 0, texts: 5), 2, seed: 1);
        Assert.Equal(5, Enumerable.Range(0, 5).Select(i => mix[i].Id).Distinct().Count());
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_record_of_bytes_that_are_no_text_is_named()
    {
        var source = Write("");
        File.WriteAllBytes(source.Path, [(byte)'[', (byte)'"', 0xFF, (byte)'"', (byte)']']);
        var error = Assert.Throws<PreferenceDataException>(() => PreferenceFile.Read(source, strip: true).Count());
        Assert.Contains("record 1: a text in it is not valid Unicode", error.Message, StringComparison.Ordinal);
    }

    private static PreferencePair Pair(string chosen, string rejected) =>
        new("pair", [new ChatMessage("user", ""), new("assistant", chosen)], [new ChatMessage("user", ""), new("assistant", rejected)], []);

    private static PreferenceData Data(int pictures, int texts) => new(
        [.. Enumerable.Range(0, pictures).Select(i => Pair("", "") with { Id = $"picture {i}", Pictures = ["x.png"] })],
        [.. Enumerable.Range(0, texts).Select(i => Pair("", "") with { Id = $"text {i}" })],
        new Dictionary<string, int>());

    private PreferencePair[] Read(string content, bool strip = true, string? images = null) =>
        [.. PreferenceFile.Read(Write(content) with { Images = images }, strip)];

    private DataSource Write(string content)
    {
        var path = Path.Combine(_folder.Path, "data.json");
        File.WriteAllText(path, content);
        return new DataSource(path);
    }
}
