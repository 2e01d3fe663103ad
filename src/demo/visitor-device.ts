/** What a visitor's browser says about itself and where it is: the same at every visit. */
export interface VisitorDevice {
  readonly browser: string;
  readonly os: string;
  readonly device: string;
  readonly country: string;
  readonly city: string;
  readonly language: string;
  readonly screen: string;
  readonly user_agent: string;
}

const browsers = [
  ['chrome', 'AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.6099.109 Safari/537.36'],
  ['firefox', 'Gecko/20100101 Firefox/121.0'],
  ['safari', 'AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.2 Safari/605.1.15'],
] as const;

const systems = [
  ['windows', 'desktop', '1920x1080', 'Windows NT 10.0; Win64; x64'],
  ['macos', 'desktop', '2560x1600', 'Macintosh; Intel Mac OS X 10_15_7'],
  ['android', 'mobile', '412x915', 'Linux; Android 14; Pixel 8'],
  ['ios', 'mobile', '390x844', 'iPhone; CPU iPhone OS 17_2 like Mac OS X'],
] as const;

const places = [
  ['US', 'San Francisco', 'en-US'],
  ['DE', 'München', 'de-DE'],
  ['FR', 'Orléans', 'fr-FR'],
  ['BR', 'São Paulo', 'pt-BR'],
  ['JP', '東京', 'ja-JP'],
  ['GB', 'Leeds', 'en-GB'],
  ['GB', 'Bristol', 'en-GB'],
  ['PL', 'Łódź', 'pl-PL'],
  ['DK', 'Aarhus', 'da-DK'],
  ['US', 'Chicago', 'en-US'],
  ['NL', 'Utrecht', 'nl-NL'],
  ['IT', 'Bologna', 'it-IT'],
  ['IN', 'Pune', 'en-IN'],
] as const;

/** Every combination once, so that making an event only looks one up. */
const devices: readonly VisitorDevice[] = browsers.flatMap(([browser, engine]) =>
  systems.flatMap(([os, device, screen, platform]) =>
    places.map(([country, city, language]) => ({
      browser,
      os,
      device,
      country,
      city,
      language,
      screen,
      user_agent: `Mozilla/5.0 (${platform}) ${engine}`,
    })),
  ),
);

export function visitorDevice(userHash: number): VisitorDevice {
  return devices[userHash % devices.length]!;
}
