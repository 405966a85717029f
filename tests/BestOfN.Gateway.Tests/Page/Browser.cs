using Microsoft.Playwright;

namespace BestOfN.Gateway.Tests.Page;

/// <summary>The system's Chromium without a window, started once for all tests of a class.</summary>
public sealed class Browser : IAsyncLifetime
{
    private static readonly string[] s_places = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

    private IPlaywright? _playwright;
    private IBrowser? _browser;

    public async ValueTask InitializeAsync()
    {
        if (s_places.FirstOrDefault(File.Exists) is not { } program)
        {
            return;
        }

        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new() { ExecutablePath = program, Args = ["--no-sandbox", "--disable-gpu"] });
    }

    /// <summary>Opens the gateway's page in a profile of its own; the test is skipped where there is no browser.</summary>
    /// <param name="address">Where the page is.</param>
    /// <param name="options">Size, colours and the like of the screen.</param>
    internal async Task<OpenPage> OpenAsync(Uri address, BrowserNewContextOptions? options = null)
    {
        Assert.SkipWhen(_browser is null, $"There is no Chromium here: none of {string.Join(", ", s_places)}.");
        options ??= new() { ViewportSize = new() { Width = 1280, Height = 900 } };
        options.ReducedMotion = ReducedMotion.Reduce;
        var page = new OpenPage(await _browser.NewContextAsync(options), address);
        await page.LoadAsync();
        return page;
    }

    public async ValueTask DisposeAsync()
    {
        if (_browser is not null)
        {
            await _browser.DisposeAsync();
        }

        _playwright?.Dispose();
    }
}
