/** The operators' console: the frame around the screens. */
import { render } from 'preact';
import { useEffect, useLayoutEffect } from 'preact/hooks';
import { begin, session, signOut } from './api';
import { language, switchLanguage, t } from './language';
import { Empty } from './parts';
import { decoded, Link, path } from './router';
import { Capabilities } from './screens/capabilities';
import { Changes } from './screens/changes';
import { Configuration } from './screens/configuration';
import { Connections } from './screens/connections';
import { Deliveries } from './screens/deliveries';
import { DeliveryScreen } from './screens/delivery';
import { Now } from './screens/now';
import { SignIn } from './screens/signIn';
import { Staff } from './screens/staff';
import { Switch } from './screens/switch';

const NAV = [
  ['/', 'now'],
  ['/deliveries', 'deliveries'],
  ['/staff', 'staff'],
  ['/connections', 'connections'],
  ['/capabilities', 'capabilities'],
  ['/switch', 'switch'],
  ['/changes', 'changes'],
  ['/configuration', 'configuration'],
] as const;

function screenAt(at: string) {
  const [first = '', ...rest] = at.slice(1).split('/').map(decoded);
  const [second, third] = rest;
  if (first === '') return <Now />;
  if (first === 'deliveries') return second === undefined ? <Deliveries /> : <DeliveryScreen id={second} />;
  if (first === 'staff') return <Staff clinic={second ?? ''} id={third ?? ''} />;
  if (first === 'connections') return <Connections />;
  if (first === 'capabilities') return <Capabilities />;
  if (first === 'switch') return <Switch />;
  if (first === 'changes') return <Changes />;
  if (first === 'configuration') return <Configuration />;
  return <Empty title={t('notFound')} />;
}

function App() {
  const at = path.value;
  const signed = session.value;
  const word = NAV.find(([to]) => (to === '/' ? at === '/' : at.startsWith(to)))?.[1] ?? 'now';
  const title = `${t(signed === null ? 'signIn' : word)} · ${t('title')}`;
  useEffect(() => {
    document.title = title;
  }, [title]);
  useLayoutEffect(() => {
    // Who reads with a screen reader is told that the screen is another one: at once, before anybody can be in one of its fields.
    document.getElementById('content')?.focus({ preventScroll: true });
    scrollTo(0, 0);
  }, [at]);
  if (signed === undefined) return <main id="content" tabIndex={-1} />;
  return (
    <>
      <a class="skip" href="#content">
        {t('skip')}
      </a>
      <header>
        {signed !== null && (
          <nav aria-label={t('screens')}>
            {NAV.map(([to, name]) => (
              <Link key={to} to={to} current={name === word}>
                {t(name)}
              </Link>
            ))}
          </nav>
        )}
        <div class="who">
          {signed !== null && (
            <>
              <span>
                {t('signedInAs', { name: signed.operator })} ({t(signed.role)})
              </span>
              <button type="button" onClick={() => void signOut(false)}>
                {t('signOut')}
              </button>
              <button type="button" onClick={() => void signOut(true)}>
                {t('signOutEverywhere')}
              </button>
            </>
          )}
          <button type="button" lang={language.value === 'en' ? 'es' : 'en'} onClick={switchLanguage}>
            {t('language')}
          </button>
        </div>
      </header>
      {signed === null ? (
        <SignIn />
      ) : (
        <main id="content" tabIndex={-1} key={at}>
          {screenAt(at)}
        </main>
      )}
    </>
  );
}

const root = document.getElementById('root');
if (root !== null) render(<App />, root);
void begin();
