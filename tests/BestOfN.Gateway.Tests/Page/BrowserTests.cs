using System.Text.Json;
using System.Text.RegularExpressions;
using BestOfN.Core.Prompts;
using BestOfN.Gateway.Tests.Sdk;
using BestOfN.Testing.Fakes;
using BestOfN.Testing.Upstream;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Playwright;
using Yarp.ReverseProxy.Configuration;
using static Microsoft.Playwright.Assertions;

namespace BestOfN.Gateway.Tests.Page;

/// <summary>The page in a real browser, before the whole gateway.</summary>
public sealed class BrowserTests(Browser browser) : IClassFixture<Browser>
{
    private const string Pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Candidates_are_seen_while_they_are_made_then_their_scores_ranks_the_winner_and_the_first_answer()
    {
        var ending = new TaskCompletionSource();
        var generator = new FakeGenerator(
            "short", new FakeCandidate("the longest answer") { Gate = ending.Task }, FakeCandidate.Failing("The model tripped."),
            new FakeCandidate("cut off in the midst of it") { FinishReason = "length" });
        await using var gateway = new PageGateway(generator);
        await using var page = await browser.OpenAsync(gateway.Address);
        await page.AskAsync("What?", 4);

        await Expect(page.Cards).ToHaveCountAsync(4);
        await Expect(page.Cards.Nth(1)).ToContainTextAsync("the longest answer");
        await Expect(page.Cards.Nth(1)).ToHaveClassAsync(new Regex("making"));
        await Expect(page.Page.Locator("#facts")).ToContainTextAsync("3 made");
        await Expect(page.Page.Locator("#verdict")).ToBeHiddenAsync();
        ending.SetResult();
        await page.EndAsync();

        await Expect(page.Status).ToHaveTextAsync("Candidate 2 won with the score 18.00.");
        await Expect(page.Winner).ToHaveTextAsync("the longest answer");
        await Expect(page.Page.Locator("#winner-facts")).ToHaveTextAsync(
            "candidate #2 · score 18.00 · margin −8.00 to the best of the others");
        await Expect(page.Page.Locator("#first-text")).ToHaveTextAsync("short");
        Assert.Equal(["#2", "#1", "#4", "#3"], await page.Page.Locator("#cards h3").AllTextContentsAsync());
        await Expect(page.Cards.Nth(0)).ToContainTextAsync("winner");
        await Expect(page.Cards.Nth(2)).ToContainTextAsync("cut off");
        await Expect(page.Cards.Nth(3)).ToContainTextAsync("The model tripped.");
        await Expect(page.Page.Locator("#marks")).ToContainTextAsync("#3 a candidate failed");
        await Expect(page.Page.Locator("#score-chart svg")).ToHaveAttributeAsync(
            "aria-label", new Regex("with one candidate, 26.00 with 3"));
        await Expect(page.Page.Locator("#right-figure")).ToBeHiddenAsync();
    }

    [Theory]
    [InlineData("majority_vote", "same")]
    [InlineData("reward", "the longest of them")]
    [InlineData("first", "one")]
    public async Task Another_strategy_ranks_the_same_candidates_anew_as_the_gateway_would_have_and_nothing_is_generated(
        string strategy, string winner)
    {
        var generator = FakeGenerator.Answering("one", "same", "the longest of them", "Same");
        var judge = FakeRewardModel.ByLength();
        await using var gateway = new PageGateway(generator, judge);
        await using var page = await browser.OpenAsync(gateway.Address);
        await page.AskAsync("What?", 4);
        await page.EndAsync();
        await page.Page.GetByRole(AriaRole.Radio, new() { Name = strategy.Replace('_', ' ') }).CheckAsync();

        await Expect(page.Winner).ToHaveTextAsync(winner);
        await Expect(page.Status).ToContainTextAsync("wins");
        Assert.Single(generator.Requests);
        Assert.Single(judge.Passes);

        await page.Page.Locator("#strategy").SelectOptionAsync(strategy);
        await page.Page.Locator("#submit").ClickAsync();
        await page.EndAsync();
        await Expect(page.Winner).ToHaveTextAsync(winner);
    }

    [Fact]
    public async Task A_picture_that_is_chosen_and_one_that_is_dropped_go_with_the_question()
    {
        var generator = new FakeGenerator("a pixel", "two pixels") { AcceptsPictures = true };
        var judge = new FakeRewardModel(answer => answer.Text.Length) { AcceptsPictures = true };
        await using var gateway = new PageGateway(generator, judge);
        await using var page = await (await browser.OpenAsync(gateway.Address)).ReadyAsync();
        await page.Page.Locator("#file").SetInputFilesAsync(
            new FilePayload { Name = "pixel.png", MimeType = "image/png", Buffer = Convert.FromBase64String(Pixel) });
        await page.Page.EvaluateAsync("""
            async pixel => {
              const files = new DataTransfer();
              const bytes = Uint8Array.from(atob(pixel), letter => letter.charCodeAt(0));
              files.items.add(new File([bytes], "dropped.png", { type: "image/png" }));
              const drop = new DragEvent("drop", { dataTransfer: files, bubbles: true, cancelable: true });
              document.getElementById("drop").dispatchEvent(drop);
            }
            """, Pixel);
        await Expect(page.Page.Locator("#attachments img")).ToHaveCountAsync(2);
        await page.AskAsync("What is it?", 2);
        await page.EndAsync();

        var parts = generator.Requests.Single().Prompt.Messages.Single().Parts;
        Assert.Equal([typeof(ImagePart), typeof(ImagePart), typeof(TextPart)], parts.Select(part => part.GetType()));
        Assert.Equal(Pixel, Convert.ToBase64String(((ImagePart)parts[1]).Content.Span));

        await page.Page.Locator("#file").SetInputFilesAsync(new FilePayload { Name = "a.txt", MimeType = "text/plain", Buffer = [1] });
        await Expect(page.Problem).ToHaveTextAsync("a.txt is neither a picture nor a video.");
    }

    [Fact]
    public async Task A_sample_question_is_marked_by_the_worlds_checker_and_has_a_curve_of_right_answers()
    {
        await using var gateway = new PageGateway(FakeGenerator.Answering("1+1=2", "18+21=39 "));
        await using var page = await (await browser.OpenAsync(gateway.Address)).ReadyAsync();
        await page.Page.Locator(".sample-row button").First.ClickAsync();
        await Expect(page.Question).ToHaveValueAsync("Pick two of 16 28 17 21 18 26 that make 39.");
        await page.Page.Locator("#candidates").FillAsync("2");
        await page.Page.Locator("#submit").ClickAsync();
        await page.EndAsync();

        await Expect(page.Page.Locator("#winner-marks")).ToContainTextAsync("right");
        await Expect(page.Page.Locator("#first-marks")).ToContainTextAsync("wrong");
        await Expect(page.Page.Locator("#right-chart svg")).ToHaveAttributeAsync(
            "aria-label", new Regex("best score is right: 50 % with one candidate, 100 % with 2"));
    }

    [Fact]
    public async Task An_error_is_told_in_the_words_of_the_gateway()
    {
        await using var gateway = new PageGateway(new FakeGenerator(FakeCandidate.Failing("The <b>model</b> is out.", 503)));
        await using var page = await browser.OpenAsync(gateway.Address);
        await page.AskAsync("What?", 2);
        await Expect(page.Problem).ToHaveTextAsync("The <b>model</b> is out.");
        await Expect(page.Page.Locator("#submit")).ToBeEnabledAsync();

        await page.Question.FillAsync(" ");
        await page.Page.Locator("#submit").ClickAsync();
        await Expect(page.Problem).ToHaveTextAsync("There is no question yet.");
    }

    [Fact]
    public async Task A_key_is_asked_for_and_forgotten_with_the_tab_and_the_traffic_needs_an_operators()
    {
        await using var gateway = new PageGateway(
            FakeGenerator.Answering("a", "bb"), null, ("BESTOFN_API_KEYS", "client-key"), ("BESTOFN_OPERATOR_KEYS", "operator-key"));
        await using var page = await browser.OpenAsync(gateway.Address);
        await Expect(page.Dialog).ToBeVisibleAsync();
        await page.Page.Keyboard.TypeAsync("client-key");
        await page.Page.Keyboard.PressAsync("Enter");
        await page.AskAsync("What?", 2);
        await page.EndAsync();

        const string Kept = "() => JSON.stringify([localStorage.length, document.cookie, Object.values(sessionStorage)])";
        Assert.Equal("""[0,"",["client-key"]]""", await page.Page.EvaluateAsync<string>(Kept));
        Assert.All(page.Requests, url => Assert.DoesNotContain("key=", url, StringComparison.Ordinal));

        await page.Page.Locator("#tab-traffic").ClickAsync();
        await Expect(page.Page.Locator("#traffic-problem")).ToContainTextAsync("for operators");
        await Expect(page.Page.Locator("#traffic-view")).ToBeHiddenAsync();
        await page.Page.GetByText("Give a key").ClickAsync();
        await page.Page.Locator("#key").FillAsync("operator-key");
        await page.Page.Keyboard.PressAsync("Enter");
        await Expect(page.Page.Locator("#rows tr")).ToHaveCountAsync(1);

        var other = await page.Context.NewPageAsync();
        await other.GotoAsync(gateway.Address.ToString());
        await Expect(other.Locator("#key-dialog")).ToBeVisibleAsync();
    }

    [Fact]
    public async Task Markup_of_a_model_stays_text_and_the_policy_would_not_run_it()
    {
        const string Attack =
            "<img src=x onerror=\"window.hacked = 1\"><script>window.hacked = 2</script><a href='javascript:hacked=3'>x</a>";
        await using var upstream = await OpenAIUpstream.StartAsync(Attack, $"**{Attack}** and more");
        await using var gateway = new SocketGateway(null, SocketGateway.Before(upstream));
        await using var page = await (await browser.OpenAsync(new Uri(gateway.Endpoint, "/"))).ReadyAsync();
        await page.Page.Locator("#model").SelectOptionAsync("remote");
        await page.Page.Locator("#strategy").SelectOptionAsync("first");
        await page.AskAsync(Attack, 2);
        await page.EndAsync();

        await Expect(page.Winner).ToHaveTextAsync(Attack);
        const string Markup = "#cards img, #cards script, #cards a, #verdict img, #verdict script, #verdict a";
        await Expect(page.Page.Locator(Markup)).ToHaveCountAsync(0);
        Assert.Equal("undefined", await page.Page.EvaluateAsync<string>("typeof window.hacked"));
        page.Provoked = "requires 'TrustedHTML'";
        Assert.Equal("TypeError", await page.Page.EvaluateAsync<string>("""
            () => { try { document.createElement("div").innerHTML = "<b>x</b>"; return "parsed"; } catch (error) { return error.name; } }
            """));
    }

    [Fact]
    public async Task All_can_be_done_by_the_keyboard()
    {
        var generator = FakeGenerator.Answering("one", "the longest of them", "One");
        await using var gateway = new PageGateway(generator);
        await using var page = await (await browser.OpenAsync(gateway.Address)).ReadyAsync();
        var keyboard = page.Page.Keyboard;

        await TabToAsync(page.Page, "question");
        await keyboard.TypeAsync("What?");
        await TabToAsync(page.Page, "candidates");
        await keyboard.PressAsync("Home");
        await keyboard.PressAsync("ArrowRight");
        await keyboard.PressAsync("ArrowRight");
        await keyboard.PressAsync("Control+Enter");
        await page.EndAsync();
        Assert.Equal(3, generator.Requests.Single().Candidates);
        await Expect(page.Winner).ToHaveTextAsync("the longest of them");

        await page.Page.Locator("#strategies input:checked").FocusAsync();
        for (var i = 0; i < 4 && await page.Winner.TextContentAsync() is not "one"; i++)
        {
            await keyboard.PressAsync("ArrowLeft");
            await Expect(page.Status).ToContainTextAsync("wins");
        }

        await Expect(page.Winner).ToHaveTextAsync("one");
        await page.Page.Locator("#tab-playground").FocusAsync();
        await keyboard.PressAsync("ArrowRight");
        await Expect(page.Page.Locator("#tab-traffic")).ToBeFocusedAsync();
        await Expect(page.Page.Locator("#rows tr")).ToHaveCountAsync(1);
    }

    [Fact]
    public async Task A_request_can_be_stopped_and_the_generation_ends()
    {
        var generator = FakeGenerator.Answering("one").ThenHanging("for ever");
        await using var gateway = new PageGateway(generator);
        await using var page = await browser.OpenAsync(gateway.Address);
        await page.AskAsync("What?", 2);
        await Expect(page.Cards.Nth(1)).ToContainTextAsync("for ever");
        await page.Page.Keyboard.PressAsync("Escape");
        await Expect(page.Status).ToHaveTextAsync("Stopped.");
        await generator.Ended.WaitAsync(Cancellation);
    }

    [Theory]
    [InlineData(360, ColorScheme.Light)]
    [InlineData(360, ColorScheme.Dark)]
    [InlineData(820, ColorScheme.Dark)]
    public async Task Nothing_is_wider_than_a_narrow_screen(int width, ColorScheme colours)
    {
        await using var gateway = new PageGateway(FakeGenerator.Answering(new string('x', 400), "short"));
        await using var page = await browser.OpenAsync(
            gateway.Address, new() { ViewportSize = new() { Width = width, Height = 740 }, ColorScheme = colours, HasTouch = true });
        await page.AskAsync("What?", 6);
        await page.EndAsync();
        Assert.Equal(width, await page.Page.EvaluateAsync<int>("document.documentElement.scrollWidth"));
        var ground = await page.Page.EvaluateAsync<string>("getComputedStyle(document.body).backgroundColor");
        Assert.Equal(colours is ColorScheme.Dark ? "rgb(13, 15, 22)" : "rgb(244, 245, 249)", ground);
        await page.Page.Locator("#tab-traffic").ClickAsync();
        await Expect(page.Page.Locator("#rows tr")).ToHaveCountAsync(1);
        Assert.Equal(width, await page.Page.EvaluateAsync<int>("document.documentElement.scrollWidth"));
    }

    [Fact]
    public async Task It_works_behind_a_proxy_that_adds_a_path()
    {
        await using var gateway = new PageGateway(FakeGenerator.Answering("a", "bb"));
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        builder.Services.AddReverseProxy().LoadFromMemory(
            [new RouteConfig
            {
                RouteId = "r", ClusterId = "c", Match = new() { Path = "/tools/best/{**rest}" },
                Transforms = [new Dictionary<string, string> { ["PathRemovePrefix"] = "/tools/best" }],
            }],
            [new ClusterConfig
            {
                ClusterId = "c",
                Destinations = new Dictionary<string, DestinationConfig> { ["d"] = new() { Address = gateway.Address.ToString() } },
            }]);
        await using var proxy = builder.Build();
        proxy.MapReverseProxy();
        await proxy.StartAsync(Cancellation);

        await using var page = await browser.OpenAsync(new Uri($"{proxy.Urls.Single()}/tools/best/"));
        await page.AskAsync("What?", 2);
        await page.EndAsync();
        await Expect(page.Winner).ToHaveTextAsync("bb");
        await page.Page.Locator("#tab-traffic").ClickAsync();
        await Expect(page.Page.Locator("#rows tr")).ToHaveCountAsync(1);
        Assert.All(page.Requests, url => Assert.StartsWith($"{proxy.Urls.Single()}/tools/best/", url, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Traffic_shows_rates_times_scores_and_what_was_lost_in_numbers_alone()
    {
        await using var gateway = new PageGateway(FakeGenerator.Answering("a secret answer", "bb"));
        await using var page = await browser.OpenAsync(gateway.Address);
        await page.AskAsync("a secret question", 2);
        await page.EndAsync();
        await page.Page.Locator("#temperature").FillAsync("0");
        await page.Page.Locator("#submit").ClickAsync();
        await Expect(page.Page.Locator("#marks")).ToContainTextAsync("temperature 0");
        await page.Page.Locator("#tab-traffic").ClickAsync();

        await Expect(page.Page.Locator("#rows tr")).ToHaveCountAsync(2);
        await Expect(page.Page.Locator("#rows tr").First).ToContainTextAsync("temperature 0: one candidate is enough");
        await Expect(page.Page.Locator("#tiles")).ToContainTextAsync("50%");
        const string Words = "aria-label";
        await Expect(page.Page.Locator("#degraded-chart svg")).ToHaveAttributeAsync(Words, new Regex("one candidate is enough 1"));
        await Expect(page.Page.Locator("#scores-chart svg")).ToHaveAttributeAsync(
            Words, new Regex("Scores of 3 candidates, from 2.00 to 15.00"));
        await Expect(page.Page.Locator("#minutes-chart svg")).ToHaveAttributeAsync(Words, new Regex("2 in this minute and the last"));
        Assert.DoesNotContain("secret", await page.Page.Locator("#traffic").TextContentAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Curves_are_the_means_over_all_subsets_of_the_pool()
    {
        double[] scores = [0.5, -1, 2, 2, 0.5, -3, 1.25];
        bool[] right = [true, false, true, false, false, true, false];
        await using var gateway = new PageGateway(FakeGenerator.Answering("a"));
        await using var page = await browser.OpenAsync(gateway.Address);
        var found = await page.Page.EvaluateAsync<JsonElement>(
            """
            async ({ scores, right }) => {
              const { bestScore, bestIsRight, anyIsRight } = await import("./page/statistics.js");
              return [bestScore(scores), bestIsRight(scores, right), anyIsRight(right)];
            }
            """,
            new { scores, right });
        double[][] curves =
            [.. found.EnumerateArray().Select(curve => curve.EnumerateArray().Select(value => value.GetDouble()).ToArray())];

        for (var k = 1; k <= scores.Length; k++)
        {
            var subsets = Enumerable.Range(0, 1 << scores.Length)
                .Select(bits => Enumerable.Range(0, scores.Length).Where(i => (bits >> i & 1) == 1).ToArray())
                .Where(subset => subset.Length == k)
                .ToList();
            Assert.Equal(subsets.Average(subset => subset.Max(i => scores[i])), curves[0][k - 1], 1e-9);

            // Each of several with the best score is as likely to be taken.
            var best = subsets.Select(subset => subset.Where(i => scores[i] == subset.Max(j => scores[j])));
            Assert.Equal(best.Average(subset => subset.Average(i => right[i] ? 1 : 0)), curves[1][k - 1], 1e-9);
            Assert.Equal(subsets.Average(subset => subset.Any(i => right[i]) ? 1 : 0), curves[2][k - 1], 1e-9);
        }
    }

    [Fact]
    public async Task The_picture_in_the_documents_is_taken_of_the_pocket_models()
    {
        const string Switch = "BESTOFN_WRITE_DOCS";
        Assert.SkipUnless(Environment.GetEnvironmentVariable(Switch) is { Length: > 0 }, $"The picture is taken where {Switch} is set.");
        await using var gateway = new SocketGateway();
        await using var page = await browser.OpenAsync(
            new Uri(gateway.Endpoint, "/"),
            new() { ViewportSize = new() { Width = 1280, Height = 1080 }, ColorScheme = ColorScheme.Light });
        await page.ReadyAsync();
        await page.Page.Locator(".sample-row button").First.ClickAsync();
        await page.Page.Locator("#seed").FillAsync("12");
        await page.Page.Locator("#submit").ClickAsync();
        await page.EndAsync();
        var picture = await page.Page.ScreenshotAsync(new() { Path = Path.Combine(Repository(), "docs", "images", "page.png") });
        Assert.InRange(picture.Length, 20_000, 200_000);
    }

    private static string Repository()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "BestOfN.sln")))
        {
            folder = folder.Parent ?? throw new InvalidOperationException("BestOfN.sln was not found above the test's folder.");
        }

        return folder.FullName;
    }

    private static async Task TabToAsync(IPage page, string id)
    {
        for (var i = 0; i < 40; i++)
        {
            if (await page.EvaluateAsync<string>("document.activeElement.id") == id)
            {
                return;
            }

            await page.Keyboard.PressAsync("Tab");
        }

        Assert.Fail($"Tab does not lead to #{id}.");
    }
}
