import { createHash } from 'node:crypto';
import { type Request, type RequestHandler, Router } from 'express';
import { reachCommit } from '../faultGate';
import { asTextColumn, WriteError } from './columns';
import { type Model, newValues, sentValues } from './model';
import { required } from './professionalChecks';
import { findWhere, textIs } from './queries';
import { hasLength, isEmail } from './rules';
import type { User } from './seeds';
import { ADMIN, USER, type VitalisState } from './store';
import { bodyField, type Check, validate } from './validation';
import { answerWriteErrors } from './writeErrors';

/** Lets a request with a valid token pass; 401 and 404 texts of vitalis.md section 2. */
export function requireToken(state: VitalisState): RequestHandler {
  return (request, response, next) => {
    const token = tokenOf(request, state);
    if (token === undefined) return void response.status(401).json({ msg: 'No hay token en la petición' });
    const userId = state.readToken(token);
    if (userId === undefined) return void response.status(401).json({ msg: 'Token no válido' });
    const user = state.users.get(userId);
    if (!user) return void response.status(404).json({ msg: 'El usuario no se encuentra en la DB' });
    response.locals.rol = user.rol;
    next();
  };
}

/** Lets only the administrator pass: 401 in the code, 403 in the document (vitalis.md section 6). */
export function requireAdmin(state: VitalisState): RequestHandler {
  return (_request, response, next) => {
    if (response.locals.rol === ADMIN) return next();
    const status = state.settings.dialect === 'documented' ? 403 : 401;
    response.status(status).json({ msg: 'El usuario no es un administrador' });
  };
}

function tokenOf(request: Request, state: VitalisState): string | undefined {
  const bare = request.get('x-token') || undefined;
  const bearer = /^Bearer +(\S+)$/i.exec(request.get('authorization') ?? '')?.[1];
  switch (state.settings.dialect) {
    case 'code':
      return bare;
    case 'documented':
      return bearer;
    case 'both':
      return bare ?? bearer;
  }
}

/** The rules of both routes; the text about the password ends in a parenthesis on one of them only. */
function accountChecks(password: string): Check[] {
  return [
    required('email', 'El email es obligatorio'),
    { field: 'email', msg: 'El email no es válido', holds: isEmail },
    { field: 'password', msg: password, holds: (text) => hasLength(text, 6) },
  ];
}

/** /auth (vitalis.md section 1). */
export function authRoutes(state: VitalisState, now: () => number): Router {
  const router = Router();
  const login = accountChecks('La contraseña debe tener al menos 6 caracteres)');
  router.post('/login', validate(login, state), logIn(state));
  router.post('/register', validate(registerChecks(state), state), register(state, now));
  router.use(answerWriteErrors({ failed: 'Error en el servidor' }));
  return router;
}

function logIn(state: VitalisState): RequestHandler {
  return (request, response) => {
    const user = userOf(state, bodyField(request, 'email'));
    if (!user) return void response.status(400).json({ msg: 'No se encontró el email' });
    const password = bodyField(request, 'password');
    if (typeof password !== 'string') throw new WriteError('only text can be compared with a hash');
    if (user.password !== password) {
      return void response.status(401).json({ msg: 'La contraseña es incorrecta' });
    }
    const { name, surname, email, rol } = user;
    response.json({ name, surname, email, rol, token: state.issueToken(user.id) });
  };
}

function userOf(state: VitalisState, email: unknown): User | undefined {
  return findWhere(state.users.all(), 'email', email, (user, wanted) => textIs(user.email, wanted));
}

const MODEL: Model = {
  columns: ['name', 'surname', 'email', 'password', 'rol'],
  defaults: { rol: USER },
};

function registerChecks(state: VitalisState): Check[] {
  const [filled, valid, password] = accountChecks('La contraseña debe tener al menos 6 caracteres');
  const free: Check = {
    field: 'email',
    msg: 'El email ya está registrado',
    refuses: (email) => (userOf(state, email) ? `El email ${email} ya está registrado` : undefined),
  };
  const names = [
    required('name', 'El nombre es obligatorio'),
    required('surname', 'El apellido es obligatorio'),
  ];
  return [...names, filled, valid, free, password].flatMap((check) => check ?? []);
}

/** Anybody may register; the role is the caller's own choice, or comes with the right key (vitalis.md section 1). */
function register(state: VitalisState, now: () => number): RequestHandler {
  return async (request, response) => {
    await reachCommit(request);
    const id = Math.max(0, ...state.users.all().map((user) => Number(user.id))) + 1;
    const values = newValues(sentValues(request, MODEL), MODEL, id, now());
    const email = asTextColumn(values.get('email'));
    if (userOf(state, email)) throw new WriteError('the email is taken', { taken: true });
    const password = values.get('password');
    const user: User = {
      id: String(id),
      name: asTextColumn(values.get('name')),
      surname: asTextColumn(values.get('surname')),
      email,
      // The row is written before the hash is made: what is no text leaves a user who can never log in.
      password: typeof password === 'string' ? password : '',
      rol: asTextColumn(values.get('rol')),
    };
    asTextColumn(password);
    state.users.set(user);
    if (typeof password !== 'string') throw new WriteError('only text can be hashed');
    values.set('password', hashOf(password));
    if (request.get('admin-key') === state.settings.adminKey) {
      state.users.set({ ...user, rol: ADMIN });
      values.set('rol', ADMIN);
    }
    response.status(201).json({ user: Object.fromEntries(values) });
  };
}

/** Text of the form of a bcrypt hash, which the vendor answers; nothing is ever compared with it here. */
function hashOf(password: string): string {
  return `$2b$10$${createHash('sha512').update(password).digest('base64').replaceAll('+', '.').slice(0, 53)}`;
}
